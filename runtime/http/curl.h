// libcurl's functions, found at run time: linking it would double the start of every command, most of which never ask anything over HTTP.
#pragma once

#include <curl/curl.h>

namespace playbook {

#define PLAYBOOK_CURL_FUNCTIONS(each)                                                                                                  \
  each(easy_init) each(easy_cleanup) each(easy_setopt) each(easy_getinfo) each(easy_strerror) each(multi_init) each(multi_cleanup)     \
      each(multi_add_handle) each(multi_remove_handle) each(multi_perform) each(multi_poll) each(multi_info_read) each(multi_strerror) \
          each(slist_append) each(slist_free_all) each(url) each(url_set) each(url_get) each(url_cleanup) each(free)

struct Curl {
#define PLAYBOOK_CURL_POINTER(name) decltype(&curl_##name) name = nullptr;
  PLAYBOOK_CURL_FUNCTIONS(PLAYBOOK_CURL_POINTER)
#undef PLAYBOOK_CURL_POINTER
};

/// Loads and initialises it at the first call, once in a process, and never lets go of it. Throws http.failed when it is not installed.
const Curl& curl();

}  // namespace playbook
