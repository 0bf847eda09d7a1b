#include <intarsia/cpu/cpu.hpp>
#include <intarsia/nn/hetero.hpp>
#include <intarsia/ops/gather.hpp>
#include <intarsia/ops/stack.hpp>

#include "schema_with_users.hpp"
#include "towers.hpp"

namespace personalization {
namespace {

// Who had what, in both directions, and nothing else.
ia::graph<CatalogueWithUsers> graph_with_users(ia::interactions const& train_on) {
  auto const& nodes = train_on.numbering();
  ia::per_node<CatalogueWithUsers, std::size_t> counts{};
  CatalogueWithUsers::each_node([&](auto n) {
    constexpr auto type = CatalogueWithUsers::node_index<decltype(n)>;
    counts[n] = type < nodes.types() ? nodes.members(type).size() : train_on.users();
  });
  ia::graph<CatalogueWithUsers> graph{counts};
  CatalogueWithUsers::each_relation([&]<class R>(R r) {
    if constexpr (std::is_same_v<typename R::source_type, User>) {
      auto const members = nodes.members(CatalogueWithUsers::node_index<typename R::target_type>);
      ia::csr who{.rows = members.size(),
                  .cols = train_on.users(),
                  .offsets = {0},
                  .columns = {},
                  .values = {},
                  .positions = {}};
      for (auto const item : members) {
        auto const users = train_on.by_item()[item];
        who.columns.insert(who.columns.end(), users.begin(), users.end());
        who.offsets.push_back(who.columns.size());
      }
      ia::csr what = ia::transposed(who.view());
      what.positions = {};
      graph.set(r, std::move(who));
      graph.set(ia::reverse<R>{}, std::move(what));
    }
  });
  return graph;
}

// Two hops: a user hears items, an item hears users who heard items.
class network_with_users {
 public:
  static constexpr std::size_t width = 128;

  explicit network_with_users(ia::cpu::context& ctx)
      : first_{ctx, layer(ia::activation::relu)}, second_{ctx, layer(ia::activation::none)} {}

  // Embeddings of length 1 of every node: items by type in the order of the schema, then users.
  template <class On, class Features>
  [[nodiscard]] auto operator()(On& on, ia::graph<CatalogueWithUsers> const& graph, Features const& features) const {
    auto const x = CatalogueWithUsers::map_nodes([&](auto n) { return on.constant(features[n]); });
    auto const edges = graph.hop();
    return ia::normalize_rows(on, ia::stack(on, second_(on, edges, first_(on, edges, x))));
  }

  static auto members(auto& self) {
    return std::tuple{ia::named("first", self.first_), ia::named("second", self.second_)};
  }

 private:
  static ia::hetero_options layer(ia::activation last) {
    return {.neighbors = ia::neighbor_sharing::per_source, .last = last, .standardize = true};
  }

  ia::hetero_layer<CatalogueWithUsers, ia::feature_width, width> first_;
  ia::hetero_layer<CatalogueWithUsers, width, width> second_;
};

}  // namespace

ia::dot_scorer train_with_users(ia::cpu::context& ctx, ia::interactions const& train_on, numbers const& text,
                                with_users_settings const& settings, training_stage const& stage) {
  constexpr std::size_t width = network_with_users::width;
  auto const& nodes = train_on.numbering();
  auto const graph = graph_with_users(train_on);
  auto const features = CatalogueWithUsers::map_nodes([&](auto n) {
    constexpr auto type = CatalogueWithUsers::node_index<decltype(n)>;
    if constexpr (decltype(n)::width == 0) {
      return ia::table<decltype(n)>(train_on.users());
    } else {
      auto const members = nodes.members(type);
      ia::table<decltype(n)> rows(members.size());
      for (std::size_t i = 0; i < members.size(); ++i)
        std::copy_n(text[members[i]].data(), rows.cols(), rows[i].data());
      return rows;
    }
  });
  // The embeddings of all types are stacked in the order of the schema, users last.
  std::vector<std::uint32_t> begin(nodes.types() + 1);
  for (std::size_t t = 0; t < nodes.types(); ++t)
    begin[t + 1] = begin[t] + static_cast<std::uint32_t>(nodes.members(t).size());
  auto const place = [&](std::uint32_t item) { return begin[nodes.type(item)] + nodes.local(item); };

  network_with_users network{ctx};
  ia::adam learn{network, {.rate = settings.rate}};
  ia::pair_batches pairs{ctx, train_on, settings.batch};
  std::vector<ia::slot<void>> who(settings.batch), what(settings.batch);
  auto const scorer = [&]() -> ia::dot_scorer {
    ia::scope const temporary{ctx};
    auto const all = network(ctx, graph, features);
    numbers users(train_on.users(), width), items(train_on.items(), width);
    for (std::size_t u = 0; u < users.rows(); ++u)
      std::copy_n(all.value[begin.back() + u].data(), width, users[u].data());
    for (std::size_t i = 0; i < items.rows(); ++i) {
      std::copy_n(all.value[place(static_cast<std::uint32_t>(i))].data(), width, items[i].data());
    }
    return {std::move(users), std::move(items)};
  };
  stage.log.bar.begin(stage.name, settings.steps, settings.batch);
  ia::train(
      stage.name, network, learn, pairs.size() == 0 ? 0 : settings.steps, stage.keep,
      [&](std::size_t step) {
        pairs.fill(step);
        for (std::size_t k = 0; k < settings.batch; ++k) {
          who[k] = {begin.back() + pairs.users[k]};
          what[k] = {place(pairs.items[k])};
        }
        learn.rate(settings.rate * ia::schedule::linear_decay(step, settings.steps));
        ia::tape tape{ctx};
        auto const all = network(tape, graph, features);
        auto const loss =
            ia::in_batch_softmax(tape, ia::gather(tape, all, who), ia::gather(tape, all, what),
                                 {.temperature = settings.temperature, .log_q = pairs.log_q}, pairs.known());
        learn.step(tape.backward(loss));
        return static_cast<double>(loss.value.data[0]);
      },
      stage.watch(), stage.judged(settings.steps, [&] { return scoring_of(ctx, scorer()); }));
  stage.log.bar.end();
  return scorer();
}

}  // namespace personalization
