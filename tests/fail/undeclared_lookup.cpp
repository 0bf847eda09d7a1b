// expects: this type is not declared in the schema: add it, or check the order source, verb, target
#include "catalogue.hpp"

#ifdef RIGHT
using Asked = Podcast;
#else
using Asked = Author;
#endif

int count(ia::per_node<Catalogue, int> const& counts) { return counts[Asked{}]; }
