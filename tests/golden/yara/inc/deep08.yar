include "deep09.yar"
