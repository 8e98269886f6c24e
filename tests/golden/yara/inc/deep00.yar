include "deep01.yar"
