include "deep05.yar"
