// From a catalogue of several item types to a top ten for each user. See README.md in this folder.
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <new>

#include "divide.hpp"
#include "options.hpp"
#include "report.hpp"
#include "serve.hpp"
#include "study.hpp"
#include "user_error.hpp"

namespace {

using namespace personalization;

void study(options const& o) {
  if (o.quick)
    std::fputs("--quick: fewer steps and the split warm alone; the scores are lower than those of a full run\n",
               stderr);
  auto const data = run_study(o);
  std::printf("\n%s", to_table(data.results, isatty(STDOUT_FILENO) == 1).c_str());
  write_report(o.out, data);
  std::printf("peak memory %.0f MiB; results.json and report.html are in %s\n", data.results.peak_mib,
              o.out.string().c_str());
}

void run(options const& o) {
  switch (o.what) {
    case command::study:
      return study(o);
    case command::recommend:
      return recommend(o);
    case command::similar:
      return similar(o);
    case command::embed:
      return embed(o);
    case command::split:
      std::printf("%s\n", divide(o).c_str());
      return;
  }
}

int refuse(char const* sentence, int code) {
  std::fprintf(stderr, "personalization: %s\n", sentence);
  return code;
}

}  // namespace

// 0: done. 2: something that the user can mend. 1: anything else.
int main(int count, char** words) {
  std::signal(SIGXFSZ, SIG_IGN);  // a full disk is an error like any other
  try {
    if (auto const o = read_options(count, words)) run(*o);
    return 0;
  } catch (user_error const& mistake) {
    return refuse(mistake.what(), 2);
  } catch (intarsia::io_error const& mistake) {
    return refuse(mistake.what(), 2);
  } catch (std::filesystem::filesystem_error const& mistake) {
    return refuse(mistake.what(), 2);
  } catch (std::bad_alloc const&) {
    return refuse("there is not enough memory for this catalogue: free some, or leave out the row ease with --only", 1);
  } catch (std::exception const& trouble) {
    return refuse(trouble.what(), 1);
  }
}
