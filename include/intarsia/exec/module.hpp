// What a layer is made of. A layer lists its parts in one line, and saving, counting, and optimising follow:
//   static auto members(auto& self) {
//     return std::tuple{ia::named("weight", self.weight), ia::named("bias", self.bias)};
//   }
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <intarsia/schema/typed_map.hpp>
#include <intarsia/tensor/tensor.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <vector>

namespace intarsia::inline v0 {

// A part and the name it goes by in paths such as first/neighbor/audiobook.co_listened.podcast/weight.
template <class T>
struct named_member {
  std::string_view name;
  T& value;
};
template <class T>
[[nodiscard]] constexpr named_member<T> named(std::string_view name, T& value) {
  return {name, value};
}

namespace detail {
// Whether a type lists its parts, or is a module that lies elsewhere and lists its tensors by their paths.
template <class M>
inline constexpr bool lists_parts = requires(M& m) {
  std::remove_const_t<M>::members(m);
} || requires(M& m, void (*f)(std::string const&, int)) {
  std::remove_const_t<M>::each_tensor(m, f, std::string{});
};
}  // namespace detail

template <class M>
concept module =
    detail::lists_parts<M> ||
    because<"a module lists its parts: static auto members(auto& self) { return std::tuple{ia::named(...)}; }">();

namespace detail {
// Owns numbers, on the host or on a device.
template <class T>
inline constexpr bool is_tensor = requires(T& x) {
  typename T::row_axis;
  typename T::space;
  x.data();
  x.view();
};
// What owns numbers, (rows, cols), in a memory; other memories than the host's add theirs. zeros(x, ...) lie in that of
// a tensor, in(ctx, ...) are uninitialised in that of a context. set(x, value) writes the first number of x, write(x,
// from, count) its first `count`, before the work to come; both have read what they write when they return. read(x) is
// what x holds, on the host, after the work before it: x itself, or a copy.
template <class Space, class T>
struct owned_in;
template <class T>
struct owned_in<host, T> {
  using type = tensor<dyn, dyn, T>;
  [[nodiscard]] static type zeros(auto const& /*x*/, std::size_t rows, std::size_t cols) { return type(rows, cols); }
  [[nodiscard]] static type in(auto& /*ctx*/, std::size_t rows, std::size_t cols) { return type(rows, cols); }
  static void set(type& x, T value) { x.data()[0] = value; }
  static void write(auto& x, T const* from, std::size_t count) { std::copy_n(from, count, x.data()); }
  [[nodiscard]] static auto const& read(auto const& x) { return x; }
};
// Where the tensors of a module lie: it says so by `space`, or they are the host's.
template <class M>
struct memory_of {
  using type = host;
};
template <class M>
  requires requires { typename M::space; }
struct memory_of<M> {
  using type = typename M::space;
};

template <class T>
inline constexpr bool is_list = false;
template <class T, class A>
inline constexpr bool is_list<std::vector<T, A>> = true;
template <class T, std::size_t N>
inline constexpr bool is_list<std::array<T, N>> = true;
template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;

template <class Key>
[[nodiscard]] std::string key_name(Key key) {
  if constexpr (requires { key.name(); }) {
    return key.name();
  } else {
    return std::string{Key::name};
  }
}
}  // namespace detail

// Calls f(path, tensor) for every tensor of a module, in the order of its members; const modules give const tensors.
template <class M, class F>
void visit(M& part, F&& f, std::string const& path = {}) {
  using Plain = std::remove_const_t<M>;
  auto const below = [&](std::string_view name) {
    return path.empty() ? std::string{name} : path + '/' + std::string{name};
  };
  if constexpr (detail::is_tensor<Plain>) {
    f(path, part);
  } else if constexpr (detail::is_list<Plain>) {
    for (std::size_t i = 0; i < part.size(); ++i) visit(part[i], f, below(std::to_string(i)));
  } else if constexpr (detail::is_optional<Plain>) {
    if (part) visit(*part, f, path);
  } else if constexpr (requires { typename Plain::key_list; }) {
    part.each([&](auto key, auto& value) { visit(value, f, below(detail::key_name(key))); });
  } else if constexpr (requires { Plain::each_tensor(part, f, path); }) {
    Plain::each_tensor(part, f, path);  // a module that lies elsewhere than the one it was made of
  } else {
    static_assert(module<M>);
    std::apply([&](auto... member) { (visit(member.value, f, below(member.name)), ...); }, Plain::members(part));
  }
}

// f(on, module), for modules that are not called directly, wherever they lie.
template <class On, class M, class F>
decltype(auto) with(On& on, M const& part, F&& f) {
  if constexpr (requires { typename M::host_module; }) {
    return part.with(on, f);
  } else {
    return f(on, part);
  }
}
// The module on the host: itself, or a copy of what lies elsewhere, after the work before it.
template <class M>
[[nodiscard]] decltype(auto) on_host(M const& part) {
  if constexpr (requires { typename M::host_module; }) {
    return part.download();
  } else {
    return (part);
  }
}

// How many numbers a module learns.
template <class M>
[[nodiscard]] std::size_t parameter_count(M const& part) {
  std::size_t count = 0;
  visit(part, [&](std::string const&, auto const& x) { count += x.size(); });
  return count;
}

}  // namespace intarsia::inline v0
