include "deep06.yar"
