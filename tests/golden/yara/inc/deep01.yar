include "deep02.yar"
