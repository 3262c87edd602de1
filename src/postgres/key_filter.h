// Looking rows up by texts, over the column's own index.
#pragma once

#include <string>
#include <vector>

#include "core/schema.h"

namespace rowpage {

/// "COLUMN = any($N)" for an array of texts. Keys also come from pages, where a person may have typed anything: a text
/// that no value of the type can be is taken out of `texts`, for it must find nothing, not fail. The condition stays on
/// the bare column where a cast is safe, so that the index serves.
std::string any_of(const std::string& column, ColumnType type, int parameter, std::vector<std::string>& texts);

/// What a text is cast to for comparison with a column of this type; empty: the column is taken as text.
std::string comparable_type(ColumnType type);

}  // namespace rowpage
