#pragma once

#include <curl/curl.h>

// What only the callbacks of asynchronous invocations need.

/// `value` is asked for the socket of each address that libcurl is about to connect to.
CURLcode ccurl_set_opensocket(CURL *handle, curl_opensocket_callback value, void *context);
/// For the CURLINFO_ numbers whose type is `long`; `fallback` when libcurl cannot tell.
long ccurl_get_long(CURL *handle, CURLINFO info, long fallback);
