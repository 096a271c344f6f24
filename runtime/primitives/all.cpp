#include "runtime/primitives/all.h"

namespace playbook {

// clang-format off
#define PLAYBOOK_PRIMITIVES(each) \
  each(appsettings_get) \
  each(backup_copy) \
  each(backup_create) \
  each(backup_estimate) \
  each(backup_import) \
  each(backup_list) \
  each(backup_loss) \
  each(backup_prune) \
  each(backup_rehearse) \
  each(backup_restore) \
  each(backup_verify) \
  each(changelog_breaking) \
  each(clock_now) \
  each(clock_sleep) \
  each(compose_config) \
  each(compose_create) \
  each(compose_exec) \
  each(compose_fence) \
  each(compose_logs) \
  each(compose_ps) \
  each(compose_pull) \
  each(compose_read) \
  each(compose_run) \
  each(compose_start) \
  each(compose_stop) \
  each(compose_unfence) \
  each(compose_up) \
  each(compose_wait) \
  each(container_differences) \
  each(container_write_compose) \
  each(container_write_dotenv) \
  each(csproj_get) \
  each(csproj_set) \
  each(dotenv_get) \
  each(dotenv_set) \
  each(dotenv_unset) \
  each(file_copy) \
  each(file_digest) \
  each(file_exists) \
  each(file_list) \
  each(file_read) \
  each(file_remove) \
  each(file_write) \
  each(host_cpu) \
  each(host_disk) \
  each(host_memory) \
  each(host_tools) \
  each(http_get) \
  each(http_wait) \
  each(image_current) \
  each(image_is_floating) \
  each(image_parse) \
  each(image_pin) \
  each(image_present) \
  each(image_pull) \
  each(image_read) \
  each(image_resolve) \
  each(image_tags) \
  each(json_encode) \
  each(json_parse) \
  each(keys_escrow) \
  each(keys_find) \
  each(keys_fingerprint) \
  each(keys_ring) \
  each(keys_verify) \
  each(log_info) \
  each(log_warning) \
  each(migrate_watch) \
  each(postgres_fingerprint) \
  each(postgres_query) \
  each(process_read) \
  each(process_run) \
  each(scratch_copy) \
  each(scratch_serve) \
  each(secret_appsettings) \
  each(secret_docker_env) \
  each(secret_dotenv) \
  each(secret_env) \
  each(secret_exists) \
  each(secret_file) \
  each(secret_first) \
  each(secret_json) \
  each(service_fence) \
  each(service_start) \
  each(service_status) \
  each(service_stop) \
  each(service_unfence) \
  each(sqlite_fingerprint) \
  each(sqlite_query) \
  each(sqlite_swap) \
  each(sqlserver_query) \
  each(sqlserver_swap) \
  each(version_compare) \
  each(version_parse) \
  each(version_path) \
  each(version_satisfies) \
  each(version_sort) \
  each(yaml_get) \
  each(yaml_set)
// clang-format on

#define PLAYBOOK_DECLARE(name) std::unique_ptr<Primitive> make_##name();
PLAYBOOK_PRIMITIVES(PLAYBOOK_DECLARE)
#undef PLAYBOOK_DECLARE

void register_all(Registry& registry) {
#define PLAYBOOK_REGISTER(name) registry.add(make_##name());
  PLAYBOOK_PRIMITIVES(PLAYBOOK_REGISTER)
#undef PLAYBOOK_REGISTER
}

}  // namespace playbook
