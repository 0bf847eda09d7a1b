// expects: a verb is a struct that derives from ia::verb<"name">
#include "catalogue.hpp"

#ifdef RIGHT
struct Wrote : ia::verb<"wrote"> {};
#else
struct Wrote {};
#endif
using AuthorBook = ia::relation<Author, Wrote, Audiobook>;

bool same() { return AuthorBook::source.width == Author::width; }
