include "a.yar"
