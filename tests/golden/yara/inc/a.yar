include "b.yar"
