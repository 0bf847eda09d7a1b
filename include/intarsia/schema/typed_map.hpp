// A value for each type of a list, looked up by an object of that type: x[Audiobook{}], g[r].
#pragma once

#include <array>
#include <cstddef>
#include <intarsia/core/because.hpp>
#include <type_traits>
#include <utility>

namespace intarsia::inline v0 {

namespace detail {
template <class First, class... Rest>
struct first_of {
  using type = First;
};
}  // namespace detail

// A list of key types.
template <class... Keys>
struct keys {
  using first = typename detail::first_of<Keys..., void>::type;
  static constexpr std::size_t count = sizeof...(Keys);
  template <class Key>
  static constexpr bool has = (std::is_same_v<Key, Keys> || ...);
  // The place of Key in the list; count where it is not in it.
  template <class Key>
  static constexpr std::size_t index = [] {
    std::size_t i = 0;
    static_cast<void>(((std::is_same_v<Key, Keys> ? true : (++i, false)) || ...));
    return i;
  }();
  // Calls f with an object of each key type, in order.
  template <class F>
  static constexpr void each(F&& f) {
    (f(Keys{}), ...);
  }
};

template <class Key, class Keys>
concept key_of =
    Keys::template has<Key> ||
    because<"this type is not declared in the schema: add it, or check the order source, verb, target">();

namespace detail {
template <class Key, class Value>
struct map_leaf {
  Value value;
};
template <class Key, class Value>
constexpr Value& leaf_value(map_leaf<Key, Value>& leaf) {
  return leaf.value;
}
template <class Key, class Value>
constexpr Value const& leaf_value(map_leaf<Key, Value> const& leaf) {
  return leaf.value;
}
}  // namespace detail

// Values of a type of their own per key.
template <class Keys, class... Values>
struct typed_map;

template <class... Ks, class... Values>
struct typed_map<keys<Ks...>, Values...> : detail::map_leaf<Ks, Values>... {
  using key_list = keys<Ks...>;

  template <key_of<key_list> Key>
  constexpr auto& operator[](Key) {
    return detail::leaf_value<Key>(*this);
  }
  template <key_of<key_list> Key>
  constexpr auto const& operator[](Key) const {
    return detail::leaf_value<Key>(*this);
  }
  // f(key, value) for each, in order.
  template <class F>
  constexpr void each(F&& f) {
    (f(Ks{}, (*this)[Ks{}]), ...);
  }
  template <class F>
  constexpr void each(F&& f) const {
    (f(Ks{}, (*this)[Ks{}]), ...);
  }
};

// Values of one type for every key; the engine below the typed door walks it as an array.
template <class Keys, class Value>
struct uniform_map;

template <class... Ks, class Value>
struct uniform_map<keys<Ks...>, Value> {
  using key_list = keys<Ks...>;
  std::array<Value, sizeof...(Ks)> values{};

  template <key_of<key_list> Key>
  constexpr Value& operator[](Key) {
    return values[key_list::template index<Key>];
  }
  template <key_of<key_list> Key>
  constexpr Value const& operator[](Key) const {
    return values[key_list::template index<Key>];
  }
  template <class F>
  constexpr void each(F&& f) {
    (f(Ks{}, (*this)[Ks{}]), ...);
  }
  template <class F>
  constexpr void each(F&& f) const {
    (f(Ks{}, (*this)[Ks{}]), ...);
  }
};

// typed_map of f(key) for each key; f may return a different type per key.
template <class... Ks, class F>
constexpr auto map_keys(keys<Ks...>, F&& f) {
  return typed_map<keys<Ks...>, std::remove_cvref_t<decltype(f(Ks{}))>...>{{f(Ks{})}...};
}

}  // namespace intarsia::inline v0
