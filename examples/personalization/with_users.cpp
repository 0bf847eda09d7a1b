#include <intarsia/cpu/cpu.hpp>
#include <intarsia/models/hetero_sage.hpp>
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
      ia::csr who{.rows = members.size(), .cols = train_on.users(), .offsets = {0}, .columns = {}, .values = {}, .positions = {}};
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

}  // namespace

ia::dot_scorer train_with_users(ia::cpu::context& ctx, ia::interactions const& train_on, numbers const& text,
                                with_users_settings const& settings, std::string const& name, ia::checkpoints const& keep,
                                study_log& log, curve& loss_curve) {
  constexpr std::size_t width = 128;
  auto const& nodes = train_on.numbering();
  auto const graph = graph_with_users(train_on);
  auto const features = CatalogueWithUsers::map_nodes([&](auto n) {
    constexpr auto type = CatalogueWithUsers::node_index<decltype(n)>;
    if constexpr (decltype(n)::width == 0) {
      return ia::table<decltype(n)>(train_on.users());
    } else {
      auto const members = nodes.members(type);
      ia::table<decltype(n)> rows(members.size());
      for (std::size_t i = 0; i < members.size(); ++i) std::copy_n(text[members[i]].data(), rows.cols(), rows[i].data());
      return rows;
    }
  });
  // The embeddings of all types are stacked in the order of the schema, users last.
  std::vector<std::uint32_t> begin(nodes.types() + 1);
  for (std::size_t t = 0; t < nodes.types(); ++t) begin[t + 1] = begin[t] + static_cast<std::uint32_t>(nodes.members(t).size());
  auto const place = [&](std::uint32_t item) { return begin[nodes.type(item)] + nodes.local(item); };

  ia::hetero_sage<CatalogueWithUsers, width, width> network{
      ctx, {.neighbors = ia::neighbor_sharing::per_source, .standardize = true}};
  ia::adam learn{network, {.rate = settings.rate}};
  ia::pair_batches pairs{ctx, train_on, settings.batch};
  std::vector<ia::slot<void>> who(settings.batch), what(settings.batch);
  log.bar.begin(name, settings.steps, settings.batch);
  ia::train(
      name, network, learn, pairs.size() == 0 ? 0 : settings.steps, keep,
      [&](std::size_t step) {
        pairs.fill(ctx, step);
        for (std::size_t k = 0; k < settings.batch; ++k) {
          who[k] = {begin.back() + pairs.users[k]};
          what[k] = {place(pairs.items[k])};
        }
        learn.rate(settings.rate * ia::schedule::linear_decay(step, settings.steps));
        ia::tape tape{ctx};
        auto const all = ia::stack(tape, network(tape, graph, features));
        auto const loss = ia::in_batch_softmax(tape, ia::gather(tape, all, who), ia::gather(tape, all, what),
                                               {.temperature = settings.temperature, .log_q = pairs.log_q}, pairs.known());
        learn.step(tape.backward(loss));
        return static_cast<double>(loss.value.data[0]);
      },
      [&](std::size_t done, double loss) {
        log.bar.step(done, loss);
        loss_curve.points.emplace_back(static_cast<double>(done), loss);
      });
  log.bar.end();

  ia::scope const temporary{ctx};
  auto const all = ia::stack(ctx, network(ctx, graph, features));
  numbers users(train_on.users(), width), items(train_on.items(), width);
  for (std::size_t u = 0; u < users.rows(); ++u) std::copy_n(all.value[begin.back() + u].data(), width, users[u].data());
  for (std::size_t i = 0; i < items.rows(); ++i) {
    std::copy_n(all.value[place(static_cast<std::uint32_t>(i))].data(), width, items[i].data());
  }
  return {std::move(users), std::move(items)};
}

}  // namespace personalization
