// expects: this type is not declared in the schema: add it, or check the order source, verb, target
#include <intarsia/graph/graph.hpp>

#include "catalogue.hpp"

#ifdef RIGHT
using Asked = BookShow;
#else
using Asked = ShowBook;
#endif

std::size_t edges(ia::graph<Catalogue> const& graph) { return graph[Asked{}].targets(); }
