include "deep08.yar"
