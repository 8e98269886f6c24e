include "deep03.yar"
