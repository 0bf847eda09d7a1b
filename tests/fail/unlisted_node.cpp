// expects: a relation mentions a node type that nodes<...> does not list
#include "catalogue.hpp"

#ifdef RIGHT
using Listed = ia::nodes<Audiobook, Podcast, Author>;
#else
using Listed = ia::nodes<Audiobook, Podcast>;
#endif
struct Wrote : ia::verb<"wrote"> {};
struct Library : ia::schema<Listed, ia::relations<ia::relation<Author, Wrote, Audiobook>>> {};

std::size_t relations() { return Library::relation_count; }
