// A schema says which kinds of nodes there are and how they relate; the compiler then knows every name and width.
#include <cstdio>
#include <intarsia/intarsia.hpp>

namespace ia = intarsia;

struct Audiobook  : ia::node<"audiobook", 3> {};
struct Podcast    : ia::node<"podcast", 2> {};
struct CoListened : ia::verb<"co_listened", ia::symmetric> {};

using BookBook = ia::relation<Audiobook, CoListened, Audiobook>;
using BookShow = ia::relation<Audiobook, CoListened, Podcast>;

struct Catalogue : ia::schema<ia::nodes<Audiobook, Podcast>,
                              ia::relations<BookBook, BookShow, ia::reverse<BookShow>>> {};

int main() {
  ia::per_node<Catalogue, std::size_t> count;
  count[Audiobook{}] = 3;
  count[Podcast{}] = 2;
  ia::graph_builder<Catalogue> links{count};
  ia::id<Audiobook> const dune{0}, emma{1};
  ia::id<Podcast> const news{0};
  links.add(BookBook{}, dune, emma).add(BookShow{}, emma, news);  // links.add(BookShow{}, news, emma) would not compile
  std::fputs(to_string(summarize(links.build())).c_str(), stdout);
}
