// A small network that looks again at the best candidates of a user.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <intarsia/exec/tape.hpp>
#include <intarsia/loss/listwise_softmax.hpp>
#include <intarsia/models/rank_rows.hpp>
#include <intarsia/models/training.hpp>
#include <intarsia/nn/mlp.hpp>
#include <intarsia/ops/add.hpp>
#include <intarsia/ops/matmul.hpp>
#include <intarsia/optim/adam.hpp>
#include <intarsia/optim/schedule.hpp>
#include <span>
#include <string>
#include <tuple>
#include <vector>

namespace intarsia::inline v0 {

// score = mlp(x) + skip * x_1, with x the standardised features, cut off at 6 deviations, and x_1 the log of the score
// that chose the candidates: an untrained head ranks about as that score does.
template <std::size_t Features>
class rank_head {
 public:
  static constexpr std::size_t in = Features;

  // Zeros, to be loaded.
  rank_head() = default;
  explicit rank_head(auto& ctx)
    requires requires { ctx.next_stream(); }
      : network_{ctx} {
    skip_[0][0] = 1;
    std::fill_n(deviation_.data(), Features, 1.0f);
  }

  // Takes mean and deviation of each feature from the lists.
  void standardize_by(rank_rows const& rows) {
    expects(rows.width == Features, "rank_head: the lists have another number of features than the head");
    std::vector<double> sum(Features), squares(Features);
    double count = 0;
    for (std::size_t e = 0; e < rows.answers.size(); ++e) {
      if (rows.answers[e] < 0) continue;
      ++count;
      for (std::size_t c = 0; c < Features; ++c) {
        double const v = static_cast<double>(rows.features[e * Features + c]);
        sum[c] += v;
        squares[c] += v * v;
      }
    }
    for (std::size_t c = 0; c < Features && count > 0; ++c) {
      double const mean = sum[c] / count;
      mean_[0][c] = static_cast<float>(mean);
      deviation_[0][c] = static_cast<float>(std::sqrt(std::max(0.0, squares[c] / count - mean * mean)) + 1e-4);
    }
    skip_[0][0] = deviation_[0][rank_features::log_score];
  }
  // out = the standardised features; both (Features).
  void standardize(std::span<float const> features, std::span<float> out) const {
    for (std::size_t c = 0; c < Features; ++c) {
      out[c] = std::clamp((features[c] - mean_[0][c]) / deviation_[0][c], -6.0f, 6.0f);
    }
  }

  // Standardised features (n, Features) -> scores (n, 1)
  template <axis R, class S>
  [[nodiscard]] auto operator()(recorder auto& on, var<R, dim<Features>, float, S> x) const {
    auto const log_score = on.template fresh<R, dim<1>>(x.rows(), 1, false);
    each_row(on.backend(), x.rows(), 1, [from = x.value, to = log_score.value](std::size_t i) {
      to[i][0] = from[i][rank_features::log_score];
    });
    return add(on, network_(on, x), matmul(on, log_score, on.watch(skip_)));
  }

  static auto members(auto& self) {
    return std::tuple{named("network", self.network_), named("skip", self.skip_), named("mean", self.mean_),
                      named("deviation", self.deviation_)};
  }

 private:
  mlp<Features, 48, 24, 1> network_;
  matrix<1, 1> skip_;
  channels<Features> mean_, deviation_;
};

struct rank_training {
  std::size_t epochs = 4;
  std::size_t batch = 128;  // lists
  float rate = 2e-3f;       // of Adam, falling in a line to 0
};

// Steps that training takes on so many lists.
[[nodiscard]] inline std::size_t rank_steps(std::size_t lists, rank_training const& options) {
  return lists == 0 ? 0 : options.epochs * std::max<std::size_t>(1, lists / options.batch);
}

// Standardises by the lists and trains on them, in a new order each epoch, with listwise_softmax. `stage` names the
// training in messages; watch(step, loss) is called after each step.
template <class Context, std::size_t Features, class Watch>
void train_rank_head(Context& ctx, rank_head<Features>& head, rank_rows const& rows, rank_training const& options,
                     std::string const& stage, checkpoints const& keep, Watch&& watch) {
  head.standardize_by(rows);
  if (rows.size() == 0) return;
  std::size_t const batch = std::min(options.batch, rows.size()),
                    an_epoch = std::max<std::size_t>(1, rows.size() / batch);
  std::size_t const steps = rank_steps(rows.size(), options);
  std::uint64_t const stream = ctx.next_stream();
  adam learn{head, {.rate = options.rate}};
  std::vector<float> answers(batch * rows.list), weights(batch);
  std::vector<std::size_t> lists(batch);
  train(stage, head, learn, steps, keep, [&](std::size_t step) {
    permutation const order{rows.size(), ctx.random_seed(), detail::stream_of(stream, step / an_epoch)};
    for (std::size_t k = 0; k < batch; ++k) {
      lists[k] = order[step % an_epoch * batch + k];
      weights[k] = rows.weights[lists[k]];
      std::copy_n(rows.answers.data() + lists[k] * rows.list, rows.list, answers.data() + k * rows.list);
    }
    learn.rate(options.rate * schedule::linear_decay(step, steps));
    tape t{ctx};
    auto const x = t.template fresh<batch_rows, dim<Features>>(batch * rows.list, Features, false);
    ctx.threads().bulk(batch, 8, [&](std::size_t begin, std::size_t end) {
      for (std::size_t k = begin; k < end; ++k) {
        for (std::size_t c = 0; c < rows.list; ++c) {
          head.standardize({rows.features.data() + (lists[k] * rows.list + c) * Features, Features},
                           x.value[k * rows.list + c]);
        }
      }
    });
    auto const loss = listwise_softmax(t, head(t, x), rows.list, answers, weights);
    learn.step(t.backward(loss));
    return static_cast<double>(loss.value.data[0]);
  }, watch);
}

}  // namespace intarsia::inline v0
