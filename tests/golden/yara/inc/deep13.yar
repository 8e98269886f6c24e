include "deep14.yar"
