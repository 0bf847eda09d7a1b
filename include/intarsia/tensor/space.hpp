// Where memory lies. Storage carries its space; work is chosen by the context, which has one as well.
#pragma once

#include <concepts>
#include <intarsia/core/because.hpp>

namespace intarsia::inline v0 {

struct host {};
struct device {};

// Whether a context may touch what a view or tensor looks at.
template <class View, class Context>
concept lives_with =
    std::same_as<typename View::space, typename Context::space> ||
    because<"this tensor lies in another memory than the context: move it with upload(ctx, x) or download(ctx, x)">();

}  // namespace intarsia::inline v0
