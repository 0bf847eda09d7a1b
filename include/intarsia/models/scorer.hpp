// What can be ranked: a score of every item for each user of a block.
#pragma once

#include <cstddef>
#include <cstdint>
#include <intarsia/core/because.hpp>
#include <intarsia/tensor/csr.hpp>
#include <intarsia/tensor/view.hpp>
#include <span>

namespace intarsia::inline v0 {

// Requirements, in English: `s.score(ctx, users, out)` writes out[i, item] for users[i] and every item; out (users,
// items). It may use the context's threads and scratch memory and gives the same bits for any number of threads.
template <class S, class Context>
concept scorer = requires(S const& s, Context& ctx, std::span<std::uint32_t const> users, dense<float> out) {
  s.score(ctx, users, out);
} || because<"a scorer has score(ctx, users, out), which writes a score of every item for each of the users">();

// The rows of some users, as a matrix of its own (users x items); values are kept.
[[nodiscard]] inline csr rows_of_users(csr_view<> histories, std::span<std::uint32_t const> users) {
  csr out{.rows = users.size(), .cols = histories.cols, .offsets = {}, .columns = {}, .values = {}, .positions = {}};
  out.offsets.assign(1, 0);
  for (std::uint32_t const user : users) {
    auto const row = histories[user];
    out.columns.insert(out.columns.end(), row.begin(), row.end());
    if (histories.values && !row.empty()) {
      auto const* const values = histories.values + histories.offsets[user];
      out.values.insert(out.values.end(), values, values + row.size());
    }
    out.offsets.push_back(out.columns.size());
  }
  return out;
}

}  // namespace intarsia::inline v0
