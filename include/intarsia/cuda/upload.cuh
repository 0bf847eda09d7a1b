// Moving what a model is made of, and the graph it reads, to the device.
#pragma once

#include <algorithm>
#include <functional>
#include <intarsia/core/expects.hpp>
#include <intarsia/cuda/memory.cuh>
#include <intarsia/exec/csr_in.hpp>
#include <intarsia/exec/module.hpp>
#include <intarsia/graph/graph.hpp>
#include <type_traits>
#include <vector>

namespace intarsia::inline v0::cuda {

namespace detail {
// Where the numbers of one host tensor lie on the device.
template <class T>
struct parameter_place {
  T const* host_numbers;
  device_tensor<dyn, dyn, T> numbers;
};

// A recorder that hands a layer the device's copy of each parameter it asks for; all else it leaves to `On`.
template <class On, class Model>
class reader {
 public:
  using context_type = typename On::context_type;
  static constexpr bool records = On::records;

  reader(On& on, Model const& model) : on_{on}, model_{model} {}

  [[nodiscard]] context_type& backend() { return on_.backend(); }
  template <axis Rows, axis Cols, class T = float>
  [[nodiscard]] auto fresh(std::size_t rows, std::size_t cols, bool tracked = true) {
    return on_.template fresh<Rows, Cols, T>(rows, cols, tracked);
  }
  template <class Pull>
  void record(Pull const& pull) {
    on_.record(pull);
  }
  template <class R, class C, class T>
  [[nodiscard]] auto watch(tensor<R, C, T> const& parameter) {
    if (parameter.size() == 0) return nothing<R, C, T>(parameter);
    return typed<R, C>(on_.watch(model_.template numbers_of<T>(parameter.data())));
  }
  template <class R, class C, class T>
  [[nodiscard]] auto watch_rows(tensor<R, C, T> const& parameter, std::uint32_t const* ids, std::size_t count) {
    return on_.watch_rows(model_.template numbers_of<T>(parameter.data()), ids, count);
  }
  template <class R, class C, class T>
  [[nodiscard]] auto constant(tensor<R, C, T> const& parameter) {
    if (parameter.size() == 0) return nothing<R, C, T>(parameter);
    return typed<R, C>(on_.constant(model_.template numbers_of<T>(parameter.data())));
  }
  template <class View>
  [[nodiscard]] auto constant(View const& input) {
    return on_.constant(input);
  }

 private:
  template <class R, class C, class T>
  [[nodiscard]] static var<R, C, T, device> typed(var<dyn, dyn, T, device> x) {
    return {view<R, C, T, device>{dense<T, device>{x.value}}, x.grad};
  }
  // The weights of a type without features: they have a shape and no numbers.
  template <class R, class C, class T>
  [[nodiscard]] static var<R, C, T, device> nothing(tensor<R, C, T> const& x) {
    return {view<R, C, T, device>{dense<T, device>{nullptr, x.rows(), x.cols(), x.cols()}}, {}};
  }

  On& on_;
  Model const& model_;
};
}  // namespace detail

// A model whose parameters live on the device. It is called as the model itself, with a context or tape of the device;
// optimisers take it as they take a model. The context outlives it.
//   auto on_gpu = cuda::upload(ctx, encoder);   adam learn{on_gpu};   on_gpu(tape, graph, features);
template <class M>
class uploaded {
 public:
  using space = device;
  using host_module = M;

  uploaded(context& ctx, M const& model) : context_{&ctx}, model_{model} {
    visit(model_, [&](std::string const&, auto const& x) {
      using T = typename std::remove_cvref_t<decltype(x)>::scalar;
      if (x.size() == 0) return;
      device_tensor<dyn, dyn, T> copy{ctx, x.rows(), x.cols()};
      detail::to_device(ctx.stream(), x.data(), copy.data(), x.size() * sizeof(T));
      places<T>().push_back({x.data(), std::move(copy)});
    });
    sort<float>();
    sort<double>();
  }

  // model(on, arguments...)
  template <recorder On, class... Arguments>
  requires std::same_as<typename On::context_type::space, device>
  [[nodiscard]] auto operator()(On& on, Arguments const&... arguments) const {
    detail::reader<On, uploaded> inside{on, *this};
    return model_(inside, arguments...);
  }
  // f(on, model), for models that are not called directly: [&](auto& on, auto const& towers) { ... }.
  template <recorder On, class F>
  requires std::same_as<typename On::context_type::space, device>
  auto with(On& on, F&& f) const {
    detail::reader<On, uploaded> inside{on, *this};
    return f(inside, model_);
  }

  // The model with the numbers it has now. Blocks until the work before it on the stream is done.
  [[nodiscard]] M download() const {
    std::vector<void const*> own;  // the tensors of model_; a copy's are visited in the same order
    visit(model_, [&](std::string const&, auto const& x) { own.push_back(x.data()); });
    M made = model_;
    std::size_t place = 0;
    visit(made, [&](std::string const&, auto& x) {
      using T = typename std::remove_cvref_t<decltype(x)>::scalar;
      auto const* const host_numbers = static_cast<T const*>(own[place++]);
      if (x.size() == 0) return;
      detail::to_host(context_->stream(), numbers_of<T>(host_numbers).data(), x.data(), x.size() * sizeof(T));
    });
    context_->wait();
    return made;
  }

  [[nodiscard]] context& backend() const { return *context_; }
  // The device's copy of the parameter whose numbers begin at `host_numbers`. Throws shape_error where there is none.
  template <class T>
  [[nodiscard]] device_tensor<dyn, dyn, T> const& numbers_of(T const* host_numbers) const {
    auto const& all = places<T>();
    auto const place = std::lower_bound(all.begin(), all.end(), host_numbers,
                                        [](auto const& p, T const* x) { return std::less<>{}(p.host_numbers, x); });
    expects(place != all.end() && place->host_numbers == host_numbers,
            "uploaded: a layer asks for a tensor that is not among its members(): list it there, so that it is moved");
    return place->numbers;
  }

  // For visit(): the device's tensors by the paths of the module's own, so that a checkpoint of the one is a checkpoint
  // of the other.
  static void each_tensor(auto& self, auto&& f, std::string const& path) {
    visit(
        self.model_,
        [&](std::string const& name, auto const& x) {
          using T = typename std::remove_cvref_t<decltype(x)>::scalar;
          if (x.size() == 0) return;
          auto const& found = self.template numbers_of<T>(x.data());
          if constexpr (std::is_const_v<std::remove_reference_t<decltype(self)>>) {
            f(name, found);
          } else {
            f(name, const_cast<std::remove_cvref_t<decltype(found)>&>(found));
          }
        },
        path);
  }

 private:
  template <class T>
  [[nodiscard]] auto& places() {
    if constexpr (std::is_same_v<T, double>) {
      return twice_;
    } else {
      return single_;
    }
  }
  template <class T>
  [[nodiscard]] auto const& places() const {
    return const_cast<uploaded&>(*this).places<T>();
  }
  template <class T>
  void sort() {
    std::sort(places<T>().begin(), places<T>().end(),
              [](auto const& a, auto const& b) { return std::less<>{}(a.host_numbers, b.host_numbers); });
  }

  context* context_;
  M model_;  // its shapes, options, and the numbers it had
  std::vector<detail::parameter_place<float>> single_;
  std::vector<detail::parameter_place<double>> twice_;
};

template <module M>
requires(!intarsia::detail::is_tensor<M>) [[nodiscard]] uploaded<M> upload(context& ctx, M const& model) {
  return {ctx, model};
}
template <class M>
[[nodiscard]] M download(uploaded<M> const& model) {
  return model.download();
}

namespace detail {
// A sparse matrix on the device.
struct device_csr {
  device_csr() = default;
  device_csr(context& ctx, csr_view<> a)
      : pattern{ctx, a},
        values{upload(ctx, std::span{a.values, a.values && !a.positions ? a.entries() : 0})},
        positions{upload(ctx, std::span{a.positions, a.positions ? a.entries() : 0})} {}

  // `numbers`: the values of the matrix that this one is the transpose of.
  [[nodiscard]] csr_view<device> view(float const* numbers = nullptr) const {
    csr_view<device> all = pattern.view();
    all.values = values.size() > 0 ? values.data() : numbers;
    if (positions.size() > 0) all.positions = positions.data();
    return all;
  }

  intarsia::detail::csr_in<device> pattern;
  device_array<float> values;
  device_array<std::uint32_t> positions;
};
}  // namespace detail

// A whole graph on the device, read by layers as graph<S> is on the host.
template <schema_type S>
class device_graph {
 public:
  using schema = S;
  using space = device;

  device_graph(context& ctx, graph<S> const& g) {
    S::each_node([&](auto n) { nodes_[n] = g.nodes(n); });
    S::each_relation([&](auto r) {
      forward_[r] = detail::device_csr{ctx, g[r].forward};
      backward_[r] = detail::device_csr{ctx, g[r].backward};
    });
  }

  template <class N>
  [[nodiscard]] std::size_t nodes(N n) const {
    return nodes_[n];
  }
  [[nodiscard]] intarsia::hop<S, device> hop(std::size_t /*layer*/ = 0, std::size_t /*layers*/ = 1) const {
    intarsia::hop<S, device> all;
    S::each_relation([&](auto r) { all.edges[r] = edges(r); });
    all.sources = all.targets = nodes_;
    return all;
  }
  template <key_of<typename S::relation_keys> R>
  [[nodiscard]] auto operator[](R r) const {
    return adjacency_view<typename R::source_type, typename R::target_type, device>{edges(r)};
  }

 private:
  template <class R>
  [[nodiscard]] edges_view<device> edges(R r) const {
    csr_view<device> const forward = forward_[r].view();
    return {forward, backward_[r].view(forward.values), {}, {}, nullptr};
  }

  per_node<S, std::size_t> nodes_{};
  per_relation<S, detail::device_csr> forward_, backward_;
};

template <schema_type S>
[[nodiscard]] device_graph<S> upload(context& ctx, graph<S> const& g) {
  return {ctx, g};
}

// A table for each node type, as features are.
template <class... Ks, class... Tables>
[[nodiscard]] auto upload(context& ctx, typed_map<keys<Ks...>, Tables...> const& tables) {
  return map_keys(keys<Ks...>{}, [&](auto key) { return upload(ctx, tables[key]); });
}

}  // namespace intarsia::inline v0::cuda
