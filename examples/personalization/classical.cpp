#include "classical.hpp"

#include <chrono>
#include <intarsia/intarsia.hpp>
#include <intarsia/models/baselines.hpp>

#include "ridge_settings.hpp"
#include "rows.hpp"

namespace personalization {

void each_classical_row(ia::cpu::context& ctx, catalogue const& of, split const& part, numbers const& text,
                        options const& o, study_log& log, std::function<void(scored_model const&)> const& use) {
  // Makes a row from make(), a scorer of the library.
  auto const row = [&](std::string const& name, auto make) {
    if (!o.wants(name) || !is_defined(name, part.name)) return;
    log.bar.begin(part.name + ": " + name);
    auto const start = std::chrono::steady_clock::now();
    auto const model = make();
    double const seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    log.bar.end(part.train.size());
    use({name, [&](std::span<std::uint32_t const> users, ia::dense<float> scores) { model.score(ctx, users, scores); },
         seconds});
  };
  row("popularity", [&] { return ia::popularity{part.train}; });
  row("text-knn", [&] { return ia::text_knn{part.train, text.view()}; });
  row("item-knn", [&] { return ia::item_knn(ctx, part.train); });
  row("ease", [&] { return ia::ease{ctx, part.train}; });
  row("graph-knn", [&] { return ia::graph_knn(ctx, part.train); });
  if (o.wants("ridge-graph") && is_defined("ridge-graph", part.name)) {
    auto const settings = ridge_settings(ctx, of, part.name, log);
    row("ridge-graph", [&] { return ia::ridge_graph(ctx, part.train, settings); });
  }
}

}  // namespace personalization
