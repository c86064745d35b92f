// One translation unit: the headers that every part reads are compiled once.
#include "forward.cpp"
#include "draft.cpp"
#include "accept.cpp"
#include "product.cpp"
