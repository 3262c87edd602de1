// The ways to the database that Supabase's users have.
#pragma once

#include <utility>

namespace rowpage::bench {

enum class Way { direct, session, transaction, data_api };

constexpr std::pair<Way, const char*> all_ways[] = {{Way::direct, "direct connection"},
                                                    {Way::session, "session pooler"},
                                                    {Way::transaction, "transaction pooler"},
                                                    {Way::data_api, "Data API (stand-in)"}};

}  // namespace rowpage::bench
