include "deep07.yar"
