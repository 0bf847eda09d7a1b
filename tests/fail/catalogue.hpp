// The schema that these mistakes are about.
#pragma once

#include <intarsia/schema/schema.hpp>

namespace ia = intarsia;

struct Audiobook : ia::node<"audiobook", 24> {};
struct Podcast : ia::node<"podcast", 32> {};
struct Author : ia::node<"author", 16> {};
struct CoListened : ia::verb<"co_listened"> {};
using BookShow = ia::relation<Audiobook, CoListened, Podcast>;
using ShowBook = ia::relation<Podcast, CoListened, Audiobook>;
struct Catalogue : ia::schema<ia::nodes<Audiobook, Podcast>, ia::relations<BookShow>> {};
