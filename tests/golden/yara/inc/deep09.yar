include "deep10.yar"
