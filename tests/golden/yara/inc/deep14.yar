include "deep15.yar"
