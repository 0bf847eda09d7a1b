// Saving and loading of whatever has parts with names: a layer, a model, an optimiser, or several of them in one file.
// What lies on a device is read from it and written to it, by the paths that it has on the host.
// A tensor goes by its path, as in first/neighbor/audiobook.co_listened.podcast/weight.
#pragma once

#include <algorithm>
#include <cstddef>
#include <intarsia/exec/module.hpp>
#include <intarsia/io/safetensors_writer.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace intarsia::inline v0 {

namespace detail {

// Every tensor that is wanted, found and checked before the first is written.
class checkpoint_reader {
 public:
  explicit checkpoint_reader(safetensors const& file) : file_{file} {
    for (auto const& entry : file.entries()) by_name_.emplace(entry.name, &entry);
  }

  template <class M>
  void check(M const& part, std::string const& path) {
    visit(
        part,
        [&](std::string const& name, auto const& x) {
          using T = typename std::remove_cvref_t<decltype(x)>::scalar;
          auto const found = by_name_.find(name);
          if (found == by_name_.end()) {
            missing_.push_back(name);
            return;
          }
          wanted_.insert(found->first);
          found_.push_back(found->second);
          if (problem_.empty()) {
            try {
              file_.check<T>(*found->second, x.rows(), x.cols());
            } catch (io_error const& wrong) {
              problem_ = wrong.what();
            }
          }
        },
        path);
  }
  // Throws io_error where a tensor is missing or does not fit, or where the file has one, below the given paths, that
  // nobody asked for.
  void finish(std::vector<std::string> const& paths) const {
    std::vector<std::string> unexpected;
    for (auto const& entry : file_.entries()) {
      bool const ours = paths.empty() || std::any_of(paths.begin(), paths.end(), [&](std::string const& path) {
                          return entry.name == path || (entry.name.size() > path.size() &&
                                                        entry.name[path.size()] == '/' && entry.name.starts_with(path));
                        });
      if (ours && !wanted_.contains(entry.name)) unexpected.push_back(entry.name);
    }
    if (!missing_.empty() || !unexpected.empty()) {
      std::string trouble;
      if (!missing_.empty()) trouble += "the file lacks " + list(missing_);
      if (!unexpected.empty())
        trouble += (trouble.empty() ? "the file has " : " and has ") + list(unexpected) + ", which the model lacks";
      io_failure(file_.file(), "", trouble, "load it into the model that it was saved from");
    }
    if (!problem_.empty()) throw io_error{problem_};
  }
  template <class M>
  void copy(M& part, std::string const& path) {
    visit(
        part,
        [&](std::string const&, auto& x) {
          using tensor_type = std::remove_cvref_t<decltype(x)>;
          if constexpr (std::is_same_v<typename tensor_type::space, host>) {
            file_.copy(*found_[copied_++], x.data());
          } else {
            using T = typename tensor_type::scalar;
            tensor<dyn, dyn, T> staged(x.rows(), x.cols());
            file_.copy(*found_[copied_++], staged.data());
            owned_in<typename tensor_type::space, T>::write(x, staged.data(), staged.size());
          }
        },
        path);
  }

 private:
  // "a", "b", "c" and 4 more
  static std::string list(std::vector<std::string> const& names) {
    std::string text;
    for (std::size_t i = 0; i < names.size() && i < 3; ++i) {
      // A path is told apart by its end: long ones keep it.
      std::string const& name = names[i];
      text += (i == 0 ? "\"" : ", \"") +
              (name.size() > 80 ? "..." + printable(name.substr(name.size() - 77)) : printable(name)) + '"';
    }
    return names.size() > 3 ? text + " and " + std::to_string(names.size() - 3) + " more" : text;
  }

  safetensors const& file_;
  std::unordered_map<std::string_view, safetensors_entry const*> by_name_;
  std::unordered_set<std::string_view> wanted_;
  std::vector<safetensors_entry const*> found_;
  std::vector<std::string> missing_;
  std::string problem_;
  std::size_t copied_ = 0;
};

}  // namespace detail

// What save and load accept: a module, a tensor, or a list or map of them.
template <class M>
concept saveable = detail::is_tensor<std::remove_const_t<M>> || detail::is_list<std::remove_const_t<M>> || requires {
  typename std::remove_const_t<M>::key_list;
} || detail::lists_parts<M> || because<"only tensors, modules (with members), and lists or maps of them are saved">();

// Writes several parts into one file, each below its name:
//   save("model.safetensors", {{"step", "400"}}, named("towers", towers), named("adam", adam));
// Throws io_error as write_beside does; a file that was there before stays whole.
template <saveable... Parts>
requires(sizeof...(Parts) > 0) void save(std::string const& path, metadata const& texts, named_member<Parts>... parts) {
  safetensors_writer file;
  file.metadata = texts;
  std::vector<std::shared_ptr<void const>> copies;  // of what does not lie on the host
  auto const add = [&](std::string const& name, auto const& x) {
    using tensor_type = std::remove_cvref_t<decltype(x)>;
    if constexpr (std::is_same_v<typename tensor_type::space, host>) {
      file.add(name, x);
    } else {
      using T = typename tensor_type::scalar;
      using copy = tensor<dyn, dyn, T>;
      auto const made = std::make_shared<copy const>(detail::owned_in<typename tensor_type::space, T>::read(x));
      copies.push_back(made);
      file.add(name, *made);
    }
  };
  (visit(std::as_const(parts.value), add, std::string{parts.name}), ...);
  file.save(path);
}
// Writes one module, its tensors named by their paths alone.
template <saveable M>
void save(std::string const& path, M const& part, metadata const& texts = {}) {
  save(path, texts, named("", part));
}

// Reads parts back, all or nothing: names, types and shapes of all are checked before the first number is written.
// Below the names given, the file must hold exactly the tensors of the parts; others, as an optimiser's when only its
// model is wanted, are passed over. Returns the texts. Throws io_error that names what is missing or left over.
template <saveable... Parts>
requires(sizeof...(Parts) > 0) metadata load(std::string const& path, named_member<Parts>... parts) {
  safetensors const file = load_safetensors(path);
  detail::checkpoint_reader reader{file};
  (reader.check(parts.value, std::string{parts.name}), ...);
  std::vector<std::string> paths;
  ((parts.name.empty() ? void() : void(paths.emplace_back(parts.name))), ...);
  reader.finish(paths.size() == sizeof...(Parts) ? paths : std::vector<std::string>{});
  (reader.copy(parts.value, std::string{parts.name}), ...);
  return file.metadata();
}
template <saveable M>
metadata load(std::string const& path, M& part) {
  return load(path, named("", part));
}

}  // namespace intarsia::inline v0
