// expects: a node type is a struct that derives from ia::node<"name", width>
#include "catalogue.hpp"

#ifdef RIGHT
struct Film : ia::node<"film", 8> {};
#else
struct Film {};
#endif
struct Screen : ia::schema<ia::nodes<Film>, ia::relations<>> {};

std::size_t types() { return Screen::node_count; }
