// A typed edge: messages flow from source to target.
#pragma once

#include <intarsia/schema/node.hpp>
#include <string>
#include <type_traits>

namespace intarsia::inline v0 {

// The verb read backwards, for a relation that is not symmetric.
template <verb_type Verb>
struct reversed {
  using original = Verb;
  static constexpr std::string_view name = Verb::name;
  static constexpr bool is_symmetric = false;
};

// An empty object; `r.source` and `r.target` are the empty objects of its node types, to be used as keys.
template <node_type Source, verb_type Verb, node_type Target>
struct relation {
  using source_type = Source;
  using verb_type = Verb;
  using target_type = Target;
  static constexpr Source source{};
  static constexpr Target target{};

  // "audiobook.co_listened.podcast"; a reversed verb is marked: "podcast.~co_listened.audiobook".
  [[nodiscard]] static std::string name() {
    std::string text{Source::name};
    text += requires { typename Verb::original; } ? ".~" : ".";
    text += Verb::name;
    text += '.';
    return text += Target::name;
  }
};

namespace detail {
template <class R>
struct reverse_of;
template <class S, class V, class T>
struct reverse_of<relation<S, V, T>> {
  using type = relation<T, std::conditional_t<V::is_symmetric, V, reversed<V>>, S>;
};
template <class S, class V, class T>
struct reverse_of<relation<S, reversed<V>, T>> {
  using type = relation<T, V, S>;
};
}  // namespace detail

// The same edges against the arrow: a relation of the same verb where the verb is symmetric.
template <class Relation>
using reverse = typename detail::reverse_of<Relation>::type;

}  // namespace intarsia::inline v0
