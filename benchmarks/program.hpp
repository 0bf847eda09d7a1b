// What the benchmark programs share: options, inputs, and being asked for one measurement at a time, so that ours and
// a peer's can take turns. Without --serve a program is an ordinary Google Benchmark program.
#pragma once

#include <benchmark/benchmark.h>
#if defined(__GLIBC__)
#include <malloc.h>
#endif

#include <cctype>
#include <cstdint>
#include <fstream>
#include <functional>
#include <intarsia/intarsia.hpp>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace bench {

namespace ia = intarsia;

struct options {
  std::string data = "build/benchmarks/data";
  std::size_t threads = 1;
  bool serve = false, large = false;
  ia::instruction_set cap = ia::instruction_set::avx512;
};

// A context as the options ask for.
[[nodiscard]] inline ia::context make_context(options const& o) {
  if (o.threads <= 1) return ia::context{ia::inline_executor{}, ia::seed{42}, o.cap};
  return ia::context{ia::thread_pool{o.threads}, ia::seed{42}, o.cap};
}

// Bytes of this process by a line of the kernel's account of it: "VmRSS:" is what it holds, "VmHWM:" the most so far. 0
// where there is no such account.
[[nodiscard]] inline double held_bytes(std::string const& line) {
  std::ifstream account{"/proc/self/status"};
  for (std::string text; std::getline(account, text);) {
    if (text.rfind(line, 0) == 0) return 1024 * std::stod(text.substr(line.size()));
  }
  return 0;
}

// The most that this process held is counted anew from here on, without what was freed, where the system can do that.
inline void forget_peak() {
#if defined(__GLIBC__)
  ::malloc_trim(0);
#endif
  std::ofstream{"/proc/self/clear_refs"} << "5";
}

// Input files, read when they are first asked for and kept.
class inputs {
 public:
  explicit inputs(std::string folder) : folder_{std::move(folder)} {}

  [[nodiscard]] std::string path(std::string const& name) const { return folder_ + "/" + name + ".npy"; }
  // Whole numbers, as one list.
  [[nodiscard]] std::vector<std::uint32_t> list(std::string const& name) const {
    auto const file = ia::load_npy<ia::dyn, ia::dyn, std::uint32_t>(path(name));
    return {file.data(), file.data() + file.size()};
  }
  // The edges of a relation as the graph takes them.
  [[nodiscard]] ia::csr edges(std::string const& name, std::size_t sources) const {
    auto const offsets = ia::load_npy<ia::dyn, ia::dyn, std::uint64_t>(path(name + "_indptr"));
    return {.rows = offsets.size() - 1,
            .cols = sources,
            .offsets = {offsets.data(), offsets.data() + offsets.size()},
            .columns = list(name + "_indices"),
            .values = {},
            .positions = {}};
  }

 private:
  std::string folder_;
};

// A thing made when it is first asked for.
template <class T>
class lazy {
 public:
  explicit lazy(std::function<std::unique_ptr<T>()> make) : make_{std::move(make)} {}
  [[nodiscard]] T& operator*() {
    if (!made_) made_ = make_();
    return *made_;
  }
  [[nodiscard]] T* operator->() { return &**this; }
  void drop() { made_.reset(); }

 private:
  std::function<std::unique_ptr<T>()> make_;
  std::unique_ptr<T> made_;
};

// One thing to be measured. `body` is a benchmark function. `check`, where a peer gets the same numbers from the same
// inputs, writes what it computed to .npy files whose names begin with its argument.
struct entry {
  std::string name;  // workload/case/variant
  std::function<void(benchmark::State&)> body;
  std::function<void(std::string const&)> check;
};

// The results of one run, caught instead of printed.
class catcher : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(Context const&) override { return true; }
  void ReportRuns(std::vector<Run> const& runs) override { runs_.insert(runs_.end(), runs.begin(), runs.end()); }
  [[nodiscard]] std::vector<Run> const& runs() const { return runs_; }

 private:
  std::vector<Run> runs_;
};

[[nodiscard]] inline std::string quoted(std::string const& text) {
  std::string out{'"'};
  for (char const c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c == '\n' ? ' ' : c;
  }
  return out + '"';
}
// A pattern that matches a name; the names of a program differ in more than punctuation.
[[nodiscard]] inline std::string as_pattern(std::string const& name) {
  std::string out{'^'};
  for (char const c : name) out += std::isalnum(static_cast<unsigned char>(c)) || c == '/' ? c : '.';
  return out;
}

// Answers lines of the standard input with lines of JSON:
//   list             the names
//   check NAME PATH  writes the outputs to PATH_*.npy
//   measure NAME     {"seconds": wall clock of an iteration, "cpu": of the process, "iterations": n, "work": {...}}
inline void serve(std::vector<entry> const& entries) {
  std::map<std::string, benchmark::internal::Benchmark*> registered;
  std::map<std::string, bool> fixed;
  for (auto const& e : entries) {
    registered[e.name] = benchmark::RegisterBenchmark(e.name.c_str(), e.body)->MeasureProcessCPUTime()->UseRealTime();
  }
  for (std::string line; std::getline(std::cin, line);) {
    std::string const verb = line.substr(0, line.find('\t'));
    std::string rest = verb.size() == line.size() ? "" : line.substr(verb.size() + 1), path;
    if (auto const tab = rest.find('\t'); tab != std::string::npos) path = rest.substr(tab + 1), rest.resize(tab);
    try {
      if (verb == "list") {
        std::cout << "[";
        for (std::size_t i = 0; i < entries.size(); ++i) {
          std::cout << (i == 0 ? "" : ", ") << "{\"name\": " << quoted(entries[i].name)
                    << ", \"checked\": " << (entries[i].check ? "true" : "false") << "}";
        }
        std::cout << "]" << std::endl;
      } else if (verb == "check") {
        for (auto const& e : entries) {
          if (e.name == rest && e.check) e.check(path);
        }
        std::cout << "{}" << std::endl;
      } else if (verb == "measure" && registered.count(rest) == 1) {
        catcher results;
        benchmark::RunSpecifiedBenchmarks(&results, as_pattern(rest) + "(/iterations:[0-9]+)?/process_time/real_time$");
        if (results.runs().size() != 1) throw std::runtime_error{"nothing was measured"};
        auto const& run = results.runs().front();
        if (run.error_occurred) throw std::runtime_error{run.error_message};
        if (!std::exchange(fixed[rest], true)) registered[rest]->Iterations(std::max<std::int64_t>(1, run.iterations));
        auto const n = static_cast<double>(run.iterations);
        std::cout << "{\"seconds\": " << run.real_accumulated_time / n << ", \"cpu\": " << run.cpu_accumulated_time / n
                  << ", \"iterations\": " << run.iterations << ", \"work\": {";
        char const* between = "";
        for (auto const& [name, counter] : run.counters) {
          std::cout << std::exchange(between, ", ") << quoted(name) << ": " << counter.value;
        }
        std::cout << "}}" << std::endl;
      } else {
        throw std::runtime_error{"unknown request: " + line};
      }
    } catch (std::exception const& failure) {
      std::cout << "{\"failed\": " << quoted(failure.what()) << "}" << std::endl;
    }
  }
}

// The main function of a program: `add` appends its entries.
inline int main_of(int count, char** words, void (*add)(options const&, std::vector<entry>&)) {
  options o;
  std::vector<char*> kept;
  for (int i = 0; i < count; ++i) {
    std::string const word = words[i];
    auto const value = [&](char const* name) {
      return word.rfind(name, 0) == 0 ? word.substr(word.find('=') + 1) : "";
    };
    if (word == "--serve") {
      o.serve = true;
    } else if (word == "--large") {
      o.large = true;
    } else if (auto const data = value("--data="); !data.empty()) {
      o.data = data;
    } else if (auto const threads = value("--threads="); !threads.empty()) {
      o.threads = std::stoul(threads);
    } else if (auto const cap = value("--cap="); !cap.empty()) {
      o.cap = cap == "avx2" ? ia::instruction_set::avx2 : ia::instruction_set::portable;
    } else {
      kept.push_back(words[i]);
    }
  }
  int left = static_cast<int>(kept.size());
  benchmark::Initialize(&left, kept.data());
  std::vector<entry> entries;
  add(o, entries);
  std::cout.precision(10);
  if (o.serve) {
    serve(entries);
    return 0;
  }
  for (auto const& e : entries) {
    benchmark::RegisterBenchmark(e.name.c_str(), e.body)->MeasureProcessCPUTime()->UseRealTime()->Unit(
        benchmark::kMillisecond);
  }
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}

}  // namespace bench
