// The world of one pair of twenty fields of every kind.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bench/stage.h"

namespace rowpage::bench {

class LotWorld : public Stage {
 public:
  /// `requests_per_minute`: what program and sandbox both go by; 0: no limit. Set up over a direct connection, and then
  /// used over `way`.
  explicit LotWorld(int requests_per_minute, Way way = Way::direct);

  /// Pages made at once by a person, `first` being the number of the first. Their times lie in the past, one hundred
  /// to a minute, so that a query that ends at 10,000 rows can go on behind them.
  void seed(std::int64_t first, std::int64_t pages);

  /// This program as `rowpage_bench receive`: the same answers, received and parsed, nothing more.
  Finished receive();

  /// Ids of the first pages, as the database knows them linked.
  std::vector<std::string> linked_pages(int count);

 private:
  void write_config(int requests_per_minute, const std::string& data_source) const;

  std::string data_source_;
};

}  // namespace rowpage::bench
