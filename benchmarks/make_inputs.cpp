// Writes the inputs of the benchmarks as .npy files, once: make_inputs FOLDER [name...]; without names all everyday
// ones. Each graph's checksum is compared with the one that generator.py gets.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <sstream>
#include <string>
#include <utility>

#include "generator.hpp"

namespace {

using bench::compressed, bench::edge_list;
namespace plans = bench::plans;

class writer {
 public:
  explicit writer(std::string folder) : folder_{std::move(folder)} { std::filesystem::create_directories(folder_); }

  template <class T>
  void save(std::string const& name, std::vector<T> const& numbers, std::size_t cols = 0) const {
    constexpr char const* type = std::is_same_v<T, float> ? "<f4" : sizeof(T) == 8 ? "<i8" : "<i4";
    std::ostringstream shape, words;
    if (cols == 0) {
      shape << '(' << numbers.size() << ",)";
    } else {
      shape << '(' << numbers.size() / cols << ", " << cols << ')';
    }
    words << "{'descr': '" << type << "', 'fortran_order': False, 'shape': " << shape.str() << ", }";
    std::string header = words.str();
    header.append(63 - (header.size() + 10) % 64, ' ');
    header += '\n';
    std::string const path = folder_ + "/" + name + ".npy", beside = path + ".part";
    std::ofstream file{beside, std::ios::binary};
    file.write("\x93NUMPY\x01\x00", 8);
    file.put(static_cast<char>(header.size() & 0xFFu)).put(static_cast<char>(header.size() >> 8));
    file.write(header.data(), static_cast<std::streamsize>(header.size()));
    file.write(reinterpret_cast<char const*>(numbers.data()), static_cast<std::streamsize>(numbers.size() * sizeof(T)));
    file.close();
    if (!file) {
      std::fprintf(stderr, "%s: cannot be written; is the disk full?\n", path.c_str());
      std::exit(1);
    }
    std::filesystem::rename(beside, path);
    std::printf("%s %s %s\n", name.c_str(), type, shape.str().c_str());
    std::fflush(stdout);
  }
  void save(std::string const& name, compressed const& rows) const {
    save(name + "_indptr", rows.offsets);
    save(name + "_indices", rows.columns);
  }

 private:
  std::string folder_;
};

edge_list checked(char const* name, bench::relation_plan const& plan, std::uint64_t expected) {
  edge_list list = bench::edges_of(plan);
  std::uint64_t const sum = bench::checksum(list);
  std::printf("%s: checksum %016llx\n", name, static_cast<unsigned long long>(sum));
  if (expected != 0 && sum != expected) {
    std::fprintf(stderr, "%s: the checksum should be %016llx: the compiler changed the arithmetic of the generator\n",
                 name, static_cast<unsigned long long>(expected));
    std::exit(1);
  }
  return list;
}

std::vector<std::int32_t> whole(std::vector<std::uint32_t> const& x) { return {x.begin(), x.end()}; }

void homogeneous(writer const& to, std::string const& name, bench::relation_plan const& plan, std::uint64_t expected) {
  edge_list const list = checked(name.c_str(), plan, expected);
  to.save(name, bench::by_row(list.target, list.source, plan.targets));
}

void batches(writer const& to, std::string const& name, std::uint64_t stream, std::uint64_t nodes) {
  std::vector<std::int32_t> all;
  for (std::uint64_t b = 0; b < 64; ++b) {
    auto const batch = bench::distinct_nodes(stream + b, nodes, 1024);
    all.insert(all.end(), batch.begin(), batch.end());
  }
  to.save(name, all, 1024);
}

struct typed_rows {
  compressed clicks, rclicks, co, has, rhas;
  edge_list pairs;
};
typed_rows typed(plans::typed const& t, bool everyday) {
  typed_rows out;
  auto const clicks = checked("clicks", t.clicks, everyday ? 0x22e05e48d574d6e7u : 0);
  out.clicks = bench::by_row(clicks.target, clicks.source, t.items);
  out.rclicks = bench::by_row(clicks.source, clicks.target, t.users);
  out.pairs = checked("co", t.co, everyday ? 0xfb4eb3afc4127219u : 0);
  out.co = bench::by_row(out.pairs.target, out.pairs.source, t.items);
  auto const has = checked("has", t.has, everyday ? 0xb45320d9295484a5u : 0);
  out.has = bench::by_row(has.target, has.source, t.tags);
  out.rhas = bench::by_row(has.source, has.target, t.items);
  return out;
}
void save_typed(writer const& to, std::string const& name, plans::typed const& t, bool everyday) {
  auto const rows = typed(t, everyday);
  to.save(name + "_clicks", rows.clicks);
  to.save(name + "_rclicks", rows.rclicks);
  to.save(name + "_co", rows.co);
  to.save(name + "_has", rows.has);
  to.save(name + "_rhas", rows.rhas);
  // 64 batches of 1024 co edges, in an order of their own.
  std::vector<std::int32_t> pairs;
  for (std::uint64_t i = 0; i < 64 * 1024; ++i) {
    std::uint32_t const e = bench::spread(i, t.co.edges, 777);
    pairs.push_back(static_cast<std::int32_t>(rows.pairs.source[e]));
    pairs.push_back(static_cast<std::int32_t>(rows.pairs.target[e]));
  }
  to.save(name == "hs" ? "w8_pairs" : name + "_pairs", pairs, 2);
}

// One sampled block of g2m for the aggregations: fan-outs 15 and 10 around the first batch.
void block_of_g2m(writer const& to) {
  auto const list = bench::edges_of(plans::g2m);
  auto const rows = bench::by_row(list.target, list.source, plans::g2m.targets);
  bench::first_met met{plans::g2m.sources};
  for (std::uint32_t const node : bench::distinct_nodes(9000, plans::g2m.targets, 1024)) met.add(node);
  bench::drawn_rows drawn;
  std::vector<std::int32_t> local;
  std::size_t from = 0;
  for (std::uint64_t const hop : {0u, 1u}) {
    std::vector<std::uint32_t> const targets(met.nodes().begin() + static_cast<std::ptrdiff_t>(from),
                                             met.nodes().end());
    from = met.nodes().size();
    bench::draw_rows(rows, targets, hop == 0 ? 15 : 10, 6000 + hop, drawn);
    for (std::size_t e = local.size(); e < drawn.columns.size(); ++e) {
      local.push_back(static_cast<std::int32_t>(met.add(drawn.columns[e])));
    }
  }
  to.save("w7_indptr", drawn.offsets);
  to.save("w7_src", local);
  to.save("w7_gsrc", whole(drawn.columns));
  to.save("w7_nodes", whole(met.nodes()));
  to.save("w7_gout", bench::uniform_table(3900, drawn.offsets.size() - 1, 128), 128);
}

// One block of the typed graph around the first batch of co edges. The second hop is drawn for new nodes only; the
// second layer reads the first rows of the same lists.
void block_of_step(writer const& to) {
  auto const rows = typed(plans::eighth, true);
  std::size_t const seeds_of = 1024;
  std::vector<std::int32_t> pairs;
  bench::first_met item{plans::eighth.items}, tag{plans::eighth.tags};
  for (std::uint64_t i = 0; i < seeds_of; ++i) {
    std::uint32_t const e = bench::spread(i, plans::eighth.co.edges, 777);
    pairs.push_back(static_cast<std::int32_t>(item.add(rows.pairs.source[e])));
    pairs.push_back(static_cast<std::int32_t>(item.add(rows.pairs.target[e])));
  }
  std::size_t const seeds = item.nodes().size();
  struct relation {
    char const* name;
    compressed const* rows;
    bench::first_met *source, *target;
    bench::drawn_rows drawn;
    std::vector<std::int32_t> local;
  };
  relation all[] = {{"co", &rows.co, &item, &item, {}, {}},
                    {"rhas", &rows.rhas, &tag, &item, {}, {}},
                    {"has", &rows.has, &item, &tag, {}, {}}};
  std::size_t done_items = 0, done_tags = 0;
  for (std::uint64_t const hop : {0u, 1u}) {
    std::vector<std::uint32_t> const items(item.nodes().begin() + static_cast<std::ptrdiff_t>(done_items),
                                           item.nodes().end());
    std::vector<std::uint32_t> const tags(tag.nodes().begin() + static_cast<std::ptrdiff_t>(done_tags),
                                          tag.nodes().end());
    done_items = item.nodes().size(), done_tags = tag.nodes().size();
    for (std::uint64_t r = 0; r < 3; ++r) {
      auto& of = all[r];
      bench::draw_rows(*of.rows, of.target == &item ? items : tags, hop == 0 ? 15 : 10, 6200 + 10 * hop + r, of.drawn);
      for (std::size_t e = of.local.size(); e < of.drawn.columns.size(); ++e) {
        of.local.push_back(static_cast<std::int32_t>(of.source->add(of.drawn.columns[e])));
      }
    }
  }
  for (auto const& of : all) {
    to.save(std::string{"w8_blk_"} + of.name + "_indptr", of.drawn.offsets);
    to.save(std::string{"w8_blk_"} + of.name + "_src", of.local);
  }
  to.save("w8_blk_pairs", pairs, 2);
  to.save("w8_blk_sizes", std::vector<std::int64_t>{static_cast<std::int64_t>(seeds),
                                                    static_cast<std::int64_t>(done_items),
                                                    static_cast<std::int64_t>(done_tags)});
  to.save("w8_blk_nodes_item", whole(item.nodes()));
  to.save("w8_blk_nodes_tag", whole(tag.nodes()));
  char const* const weights[] = {"self_item", "co", "rhas", "self_tag", "has"};
  for (std::uint64_t layer : {1u, 2u}) {
    for (std::uint64_t w = 0; w < 5; ++w) {
      to.save("w8_w" + std::to_string(layer) + "_" + weights[w],
              bench::uniform_table(3100 + 10 * layer + w, 128, 128, 0.2), 128);
    }
  }
}

void towers(writer const& to) {
  auto const list = checked("pairs", plans::pairs, 0x941cdda72e03d85eu);
  std::vector<double> count(plans::pairs.targets);
  for (std::uint32_t const item : list.target) count[item] += 1;
  std::vector<float> log_q;
  double const all = static_cast<double>(plans::pairs.edges + plans::pairs.targets);
  for (double const c : count) log_q.push_back(static_cast<float>(std::log((c + 1) / all)));
  to.save("w10_logq", log_q);
  to.save("w10_users", whole({list.source.begin(), list.source.begin() + (1 << 20)}));
  to.save("w10_items", whole({list.target.begin(), list.target.begin() + (1 << 20)}));
}

}  // namespace

int main(int count, char** words) {
  if (count < 2) {
    std::fprintf(stderr, "make_inputs FOLDER [name...]\n");
    return 2;
  }
  writer const to{words[1]};
  std::vector<std::pair<std::string, std::function<void()>>> const everyday = {
      {"g2m", [&] { homogeneous(to, "g2m", plans::g2m, 0x75d5b6c2f1e3ba64u); }},
      {"w2", [&] { batches(to, "w2_seeds", 9000, plans::g2m.targets); }},
      {"x_g2m", [&] { to.save("x_g2m", bench::uniform_table(3000, plans::g2m.targets, 128), 128); }},
      {"w7", [&] { block_of_g2m(to); }},
      {"hs", [&] { save_typed(to, "hs", plans::eighth, true); }},
      {"x_hs",
       [&] {
         to.save("x_item", bench::uniform_table(3001, plans::eighth.items, 128), 128);
         to.save("x_tag", bench::uniform_table(3002, plans::eighth.tags, 128), 128);
       }},
      {"w4", [&] { batches(to, "w4_seeds", 9100, plans::eighth.items); }},
      {"w8", [&] { block_of_step(to); }},
      {"w10", [&] { towers(to); }},
      {"w11",
       [&] {
         to.save("w11_x", bench::search_rows(5010, 1'000'000), 128);
         to.save("w11_q", bench::search_rows(5020, 10'000), 128);
       }},
      {"g1m",
       [&] {
         homogeneous(to, "g1m", plans::hubs, 0xb2035d508e3f3097u);
         batches(to, "w3_seeds", 9200, plans::hubs.targets);
       }}};
  std::map<std::string, std::function<void()>> const large = {
      {"g10m",
       [&] {
         homogeneous(to, "g10m", plans::g10m, 0x76bd896808aa1ef7u);
         batches(to, "g10m_seeds", 9000, plans::g10m.targets);
       }},
      {"x_g10m", [&] { to.save("x_g10m", bench::uniform_table(3000, plans::g10m.targets, 128), 128); }},
      {"h",
       [&] {
         save_typed(to, "h", plans::whole, false);
         batches(to, "h_seeds", 9100, plans::whole.items);
       }}};
  if (count == 2) {
    for (auto const& [name, make] : everyday) make();
    return 0;
  }
  for (int i = 2; i < count; ++i) {
    bool known = false;
    for (auto const& [name, make] : everyday) {
      if (name == words[i]) make(), known = true;
    }
    if (auto const found = large.find(words[i]); found != large.end()) found->second(), known = true;
    if (!known) {
      std::fprintf(stderr, "make_inputs: there is no input called %s\n", words[i]);
      return 2;
    }
  }
}
