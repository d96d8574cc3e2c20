#include "CCurlShim.h"

CURLcode ccurl_set_opensocket(CURL *handle, curl_opensocket_callback value, void *context) {
    CURLcode code = curl_easy_setopt(handle, CURLOPT_OPENSOCKETDATA, context);
    return code == CURLE_OK ? curl_easy_setopt(handle, CURLOPT_OPENSOCKETFUNCTION, value) : code;
}

long ccurl_get_long(CURL *handle, CURLINFO info, long fallback) {
    long value = fallback;
    return curl_easy_getinfo(handle, info, &value) == CURLE_OK ? value : fallback;
}
