#include "report.hpp"

#include <nlohmann/json.hpp>
#include <string>

#include "../catch.hpp"
#include "folder.hpp"
#include "invented.hpp"

namespace p = personalization;
using Catch::Matchers::Contains;

namespace {

std::size_t count(std::string const& text, std::string const& part) {
  std::size_t n = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size())) ++n;
  return n;
}

}  // namespace

TEST_CASE("report: what a catalogue says is text, never markup") {
  CHECK(p::escaped("<a href=\"x\">'&\n") == "&lt;a href=&quot;x&quot;&gt;&#39;&amp; ");
  auto const page = p::render_report(invented::report(50));
  CHECK_THAT(page, !Contains("invented <b>"));
  CHECK_THAT(page, !Contains("<Friends>"));
  CHECK_THAT(page, !Contains("Title <"));
  CHECK_THAT(page, Contains("Fullmetal &quot;Alchemist&quot;: Brotherhood &amp; &lt;Friends&gt;"));
}

TEST_CASE("report: one page without a script, a network or an open tag") {
  auto const page = p::render_report(invented::report(50));
  for (auto const* banned : {"<script", "http://", "https://", "src=", "@import", "url(", "nan", "inf,"})
    CHECK_THAT(page, !Contains(banned));
  CHECK_THAT(page, Contains("width=device-width"));
  for (auto const* tag : {"table", "tr", "div", "svg", "details", "ol", "g", "main", "p"}) {
    CHECK(count(page, "<" + std::string{tag} + ">") + count(page, "<" + std::string{tag} + " ") ==
          count(page, "</" + std::string{tag} + ">"));
  }
  for (auto const* part :
       {"ladder", "comparison", "types", "held-out", "ablations", "map", "users", "training", "graph", "settings"}) {
    CHECK(count(page, "id=\"" + std::string{part} + "\"") == 1);
  }
  CHECK(count(page, "<h3>User ") == 10);
}

TEST_CASE("report: parts without anything to show are left out") {
  auto const page = p::render_report({});
  for (auto const* part : {"comparison", "types", "held-out", "ablations", "map", "users", "training"}) {
    CHECK(count(page, "id=\"" + std::string{part} + "\"") == 0);
  }
}

TEST_CASE("report: charts of nothing, of one thing and of numbers that are none") {
  double const none = std::nan("");
  CHECK_THAT(p::line_chart({}, "step"), Contains("</svg>"));
  CHECK_THAT(p::line_chart({{"one", {{5, 2}}}}, "step"), Contains("</svg>") && !Contains("nan"));
  CHECK_THAT(p::line_chart({{"none", {{0, none}, {1, 1}}}}, "step"), !Contains("nan"));
  CHECK_THAT(p::bar_chart({{"zero", 0, 0}}, {}), !Contains("nan"));
  CHECK_THAT(p::interval_chart({{"same", 0, 0, 0}}), !Contains("nan"));
  CHECK_THAT(p::map_chart({{1, 1, "tv", "alone"}}, false), !Contains("nan"));
}

TEST_CASE("report: files are whole, the map is a file of its own") {
  test::folder const to{"report"};
  auto const data = invented::report(50);
  p::write_report(to.path(), data);
  CHECK(to.read("report.html") == p::render_report(data));
  CHECK_THAT(to.read("map.svg"), Contains("xmlns") && !Contains("Title"));
}
