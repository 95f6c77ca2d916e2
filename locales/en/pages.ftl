# Web pages.

unsubscribe-title = Unsubscribe
unsubscribe-text = Once you confirm, { $site } sends no more updates to { $address }.
unsubscribe-button = Unsubscribe
unsubscribed-title = You are unsubscribed
unsubscribed-text = { $site } sends no more updates to { $address }.
unsubscribed-text-forgotten = { $site } sends no more updates to this address.

index-title = What is new
index-text = Follow everything or one topic in a feed reader.
index-newest = Newest publications
index-tags = Topics
index-all = All publications
index-empty = Nothing is published yet.
list-older = Older publications
list-more = More publications

feeds = Feeds
feeds-text = A feed reader looks for news by itself: just copy the address of a feed into it.
feeds-list = List of all feeds (OPML)
feeds-list-in = List of feeds { mail-language } (OPML)
feed-note = This is a feed. Copy its address from the address bar into a feed reader, and new publications will turn up there by themselves.
feeds-in = Only { mail-language }

entry-published = Published
entry-updated = updated
entry-authors = By { $names }
entry-original = Go to the publication at { $host }
entry-files = Files
entry-translations = In other languages
entry-share = Share this
entry-share-mail = Send by email
entry-share-address = Address to copy
file-size = { $count } { $unit }

skip = Skip to content
languages = Language
language-name = English

error-title = { $status ->
    [404] There is no such page
    [410] This is no longer here
    [403] This link is not valid
    [400] This link is not valid
   *[other] Something went wrong
}
error-text = { $status ->
    [410] What was here has been withdrawn.
    [404] The address may be mistyped, or the page has moved.
    [403] Please open the link from the message again, or copy it as a whole.
    [400] Please open the link from the message again, or copy it as a whole.
   *[other] Please try again in a few minutes.
}
error-meant = Did you mean:
error-home = What is new, and every feed there is
back = Back to { $site }
