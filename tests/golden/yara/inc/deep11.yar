include "deep12.yar"
