include "deep04.yar"
