// Setting, copying and moving numbers between host and device.
#pragma once

#include <cstring>
#include <intarsia/core/expects.hpp>
#include <intarsia/cuda/map.cuh>
#include <intarsia/exec/module.hpp>
#include <intarsia/schema/typed_map.hpp>
#include <intarsia/tensor/tensor.hpp>
#include <intarsia/tensor/view.hpp>
#include <span>
#include <type_traits>
#include <vector>

namespace intarsia::inline v0::cuda {

namespace detail {
template <class T>
struct set_numbers {
  dense<T, device> x;
  T value;
  INTARSIA_FN void operator()(std::size_t i, std::size_t c) const { x.data[i * x.stride + c] = value; }
};
}  // namespace detail

// x[i, c] = value. Does not block.
template <class T>
void fill(context& ctx, dense<T, device> x, std::type_identity_t<T> value) {
  if (x.rows == 0 || x.cols == 0) return;
  unsigned char bytes[sizeof(T)], zeros[sizeof(T)]{};
  std::memcpy(bytes, &value, sizeof(T));
  if (std::memcmp(bytes, zeros, sizeof(T)) == 0 && x.contiguous()) {
    check(cudaMemsetAsync(x.data, 0, x.rows * x.cols * sizeof(T), ctx.stream()), "setting numbers");
  } else {
    each_number(ctx, x.rows, x.cols, detail::set_numbers<T>{x, value});
  }
}

// to[i, c] = from[i, c]; equal sizes, no overlap. Does not block.
template <class T>
void copy(context& ctx, std::type_identity_t<dense<T const, device>> from, dense<T, device> to) {
  if (to.rows == 0 || to.cols == 0) return;
  check(cudaMemcpy2DAsync(to.data, to.stride * sizeof(T), from.data, from.stride * sizeof(T), to.cols * sizeof(T),
                          to.rows, cudaMemcpyDeviceToDevice, ctx.stream()),
        "copying numbers");
}

// Owning numbers on the device; what upload makes of a tensor.
template <axis Rows, axis Cols, class T = float>
class device_tensor {
 public:
  using scalar = T;
  using space = device;
  using row_axis = Rows;
  using col_axis = Cols;

  device_tensor() = default;
  // Uninitialised.
  device_tensor(context& ctx, std::size_t rows, std::size_t cols)
      : rows_{rows}, cols_{cols}, numbers_{ctx.keep(rows * cols * sizeof(T))} {}
  // Zeros from the same source of memory and on the same stream as another one's numbers.
  [[nodiscard]] static device_tensor zeros_beside(auto const& x, std::size_t rows, std::size_t cols) {
    device_tensor made;
    made.rows_ = rows;
    made.cols_ = cols;
    made.numbers_ = x.memory().like(rows * cols * sizeof(T));
    if (made.size() > 0) {
      check(cudaMemsetAsync(made.data(), 0, made.size() * sizeof(T), made.numbers_.stream()), "setting numbers");
    }
    return made;
  }
  [[nodiscard]] block const& memory() const { return numbers_; }

  [[nodiscard]] std::size_t rows() const { return rows_; }
  [[nodiscard]] std::size_t cols() const { return cols_; }
  [[nodiscard]] std::size_t size() const { return rows_ * cols_; }
  [[nodiscard]] T* data() { return static_cast<T*>(static_cast<void*>(numbers_.data())); }
  [[nodiscard]] T const* data() const { return static_cast<T const*>(static_cast<void const*>(numbers_.data())); }
  [[nodiscard]] ::intarsia::view<Rows, Cols, T, device> view() {
    return ::intarsia::view<Rows, Cols, T, device>{dense<T, device>{data(), rows_, cols_, cols_}};
  }
  [[nodiscard]] ::intarsia::view<Rows, Cols, T const, device> view() const {
    return ::intarsia::view<Rows, Cols, T const, device>{dense<T const, device>{data(), rows_, cols_, cols_}};
  }

 private:
  std::size_t rows_ = 0, cols_ = 0;
  block numbers_;
};

namespace detail {
inline void to_device(cudaStream_t stream, void const* from, void* to, std::size_t bytes) {
  if (bytes > 0) check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyHostToDevice, stream), "moving to the device");
}
inline void to_host(cudaStream_t stream, void const* from, void* to, std::size_t bytes) {
  if (bytes > 0) check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToHost, stream), "moving to the host");
}
}  // namespace detail

// Plain numbers that own device memory: ids, offsets.
template <class T>
class device_array {
 public:
  device_array() = default;
  // Uninitialised.
  device_array(context& ctx, std::size_t count) : count_{count}, numbers_{ctx.keep(count * sizeof(T))} {}

  [[nodiscard]] std::size_t size() const { return count_; }
  [[nodiscard]] T* data() { return static_cast<T*>(static_cast<void*>(numbers_.data())); }
  [[nodiscard]] T const* data() const { return static_cast<T const*>(static_cast<void const*>(numbers_.data())); }
  [[nodiscard]] std::span<T const> view() const { return {data(), count_}; }

 private:
  std::size_t count_ = 0;
  block numbers_;
};

// Copies of numbers on the device. Returns when the host's numbers may change again: at once from ordinary (pageable)
// memory, which the runtime copies first; pinned memory must stay as it is until the stream got there.
template <class T>
[[nodiscard]] device_array<T> upload(context& ctx, std::span<T const> numbers) {
  device_array<T> made{ctx, numbers.size()};
  detail::to_device(ctx.stream(), numbers.data(), made.data(), numbers.size_bytes());
  return made;
}
template <class T>
[[nodiscard]] device_array<T> upload(context& ctx, std::vector<T> const& numbers) {
  return upload(ctx, std::span<T const>{numbers});
}
// The same into memory that is there already, as much or more.
template <class T>
void upload(context& ctx, std::span<T const> numbers, device_array<T>& to) {
  expects(numbers.size() <= to.size(), "upload: there are more numbers than the device's array has room for");
  detail::to_device(ctx.stream(), numbers.data(), to.data(), numbers.size_bytes());
}
template <axis Rows, axis Cols, class T>
[[nodiscard]] device_tensor<Rows, Cols, T> upload(context& ctx, tensor<Rows, Cols, T> const& x) {
  device_tensor<Rows, Cols, T> made{ctx, x.rows(), x.cols()};
  detail::to_device(ctx.stream(), x.data(), made.data(), x.size() * sizeof(T));
  return made;
}

// Copies on the host. Blocks until the work before it on the stream is done.
template <axis Rows, axis Cols, class T>
[[nodiscard]] tensor<Rows, Cols, std::remove_const_t<T>> download(context& ctx, view<Rows, Cols, T, device> x) {
  tensor<Rows, Cols, std::remove_const_t<T>> made(x.rows, x.cols);
  if (x.rows > 0 && x.cols > 0) {
    check(cudaMemcpy2DAsync(made.data(), x.cols * sizeof(T), x.data, x.stride * sizeof(T), x.cols * sizeof(T), x.rows,
                            cudaMemcpyDeviceToHost, ctx.stream()),
          "moving to the host");
  }
  ctx.wait();
  return made;
}
template <axis Rows, axis Cols, class T>
[[nodiscard]] tensor<Rows, Cols, T> download(context& ctx, device_tensor<Rows, Cols, T> const& x) {
  return download(ctx, x.view());
}
template <axis Rows, axis Cols, class T>
[[nodiscard]] tensor<Rows, Cols, T> download(context& ctx, var<Rows, Cols, T, device> x) {
  return download(ctx, x.value);
}
template <class... Ks, class... Vars>
[[nodiscard]] auto download(context& ctx, typed_map<keys<Ks...>, Vars...> const& x) {
  return map_keys(keys<Ks...>{}, [&](auto key) { return download(ctx, x[key]); });
}
template <class T>
[[nodiscard]] std::vector<T> download(context& ctx, std::span<T const> numbers) {
  std::vector<T> made(numbers.size());
  detail::to_host(ctx.stream(), numbers.data(), made.data(), numbers.size_bytes());
  ctx.wait();
  return made;
}

}  // namespace intarsia::inline v0::cuda

namespace intarsia::inline v0::detail {
template <class T>
struct owned_in<device, T> {
  using type = cuda::device_tensor<dyn, dyn, T>;
  [[nodiscard]] static type zeros(auto const& x, std::size_t rows, std::size_t cols) {
    return type::zeros_beside(x, rows, cols);
  }
  [[nodiscard]] static type in(cuda::context& ctx, std::size_t rows, std::size_t cols) { return {ctx, rows, cols}; }
  static void set(type& x, T value) { write(x, &value, 1); }
  static void write(auto& x, T const* from, std::size_t count) {
    cuda::detail::to_device(x.memory().stream(), from, x.data(), count * sizeof(T));
  }
  [[nodiscard]] static tensor<dyn, dyn, T> read(auto const& x) {
    tensor<dyn, dyn, T> made(x.rows(), x.cols());
    if (x.size() == 0) return made;
    cuda::detail::to_host(x.memory().stream(), x.data(), made.data(), x.size() * sizeof(T));
    cuda::check(cudaStreamSynchronize(x.memory().stream()), "waiting for the stream");
    return made;
  }
};
}  // namespace intarsia::inline v0::detail
