include "deep11.yar"
