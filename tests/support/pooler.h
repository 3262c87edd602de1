// pgbouncer before a private cluster, as Supabase has a pooler before its databases.
#pragma once

#include <sys/types.h>

#include <string>

#include "postgres/private_cluster.h"

namespace rowpage::testing {

/// How a pooler lends its connections: for a transaction, or for as long as a client stays.
enum class Pooling { transaction, session };

class Pooler {
 public:
  /// Its files lie in the cluster's folder, under `name`. It serves every database of the cluster to its owner.
  Pooler(const PrivateCluster& cluster, Pooling pooling, const std::string& name = "pooler");
  ~Pooler();
  Pooler(const Pooler&) = delete;
  Pooler& operator=(const Pooler&) = delete;

  /// 0: pgbouncer is not installed, or there is no user it could run as.
  int port() const { return port_; }

 private:
  int port_ = 0;
  pid_t process_ = -1;
};

}  // namespace rowpage::testing
