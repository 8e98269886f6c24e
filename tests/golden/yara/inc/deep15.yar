include "deep16.yar"
