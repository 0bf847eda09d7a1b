// Relations for the tests of ops on edges: every shape that once made trouble.
#pragma once

#include "../oracle.hpp"

#include <intarsia/graph/adjacency.hpp>
#include <intarsia/schema/node.hpp>
#include <string>

namespace intarsia::test {

struct Song : node<"song", 3> {};
struct List : node<"list", 3> {};

// Owns a relation (Song -> List), its alternative, and who reads that.
struct links {
  std::string name;
  adjacency first, other;
  std::vector<std::uint8_t> mark;
  bool with_backward = true;

  [[nodiscard]] adjacency_view<Song, List> view() const {
    edges_view<> v = first.view();
    if (!mark.empty()) {
      v.other_forward = other.forward();
      v.other_backward = other.backward();
      v.other = mark.data();
    }
    if (!with_backward) v.backward = v.other_backward = {};
    return {v};
  }
};

// Five songs, and lists that hear some of them.
[[nodiscard]] inline std::vector<links> all_links() {
  using lists = std::vector<std::vector<std::uint32_t>>;
  lists const plain{{0, 2}, {}, {3, 1, 2, 0}, {2}};          // song 4 and list 1 are isolated
  lists const twice{{1, 1, 0}, {4, 4}, {2}};                 // duplicate edges
  lists const texts{{4}, {0, 1}, {}, {3, 4, 4}};
  std::vector<float> const seven{.5f, 2, 1, .25f, 3, .75f, 1.5f}, six{1, 2, .5f, .25f, 4, 3};
  std::vector<links> all;
  all.push_back({"plain", adjacency{rows_to_csr(plain, 5)}, {}, {}, true});
  all.push_back({"weighted", adjacency{rows_to_csr(plain, 5, seven)}, {}, {}, true});
  all.push_back({"duplicates", adjacency{rows_to_csr(twice, 5)}, {}, {}, true});
  all.push_back({"weighted duplicates", adjacency{rows_to_csr(twice, 5, six)}, {}, {}, true});
  all.push_back({"transpose not given", adjacency{rows_to_csr(plain, 5, seven)}, {}, {}, false});
  all.push_back({"one target, one edge", adjacency{rows_to_csr(lists{{3}}, 5)}, {}, {}, true});
  all.push_back({"no edges", adjacency{rows_to_csr(lists{{}, {}}, 5)}, {}, {}, true});
  all.push_back({"no targets", adjacency{rows_to_csr(lists{}, 5)}, {}, {}, true});
  all.push_back({"some read the alternative", adjacency{rows_to_csr(plain, 5, seven)},
                 adjacency{rows_to_csr(texts, 5, six)}, {1, 0, 0, 1}, true});
  all.push_back({"all read the alternative, transpose not given", adjacency{rows_to_csr(plain, 5)},
                 adjacency{rows_to_csr(texts, 5, six)}, {1, 1, 1, 1}, false});
  return all;
}

}  // namespace intarsia::test
