// expects: a schema is a struct that derives from ia::schema<ia::nodes<...>, ia::relations<...>>
#include <intarsia/graph/graph.hpp>

#include "catalogue.hpp"

#ifdef RIGHT
using Typed = Catalogue;
#else
using Typed = ia::nodes<Audiobook, Podcast>;
#endif

std::size_t count(ia::graph<Typed> const& graph) { return graph.nodes(Audiobook{}); }
