// Rows applied per second over every way to the database, against a plain insert of the same rows.
#pragma once

#include "bench/figure.h"

namespace rowpage::bench {

/// New rows with all that is stored about them (link, shadows, history), in batches of the default size: over a direct
/// connection, through a pooler in session and in transaction mode, and over the stand-in for the Data API; on this
/// machine and 30 ms away. The bound is on time, jsonb_to_recordset inserts of the same rows into tables like ours = 1:
/// 2 over libpq, 4 over the Data API (a rate of at least 0.5 and 0.25).
void ways(const Report& report);

}  // namespace rowpage::bench
