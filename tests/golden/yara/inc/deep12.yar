include "deep13.yar"
