# Web pages.

unsubscribe-title = Unsubscribe
unsubscribe-text = Once you confirm, { $site } will send no more updates to { $address }.
unsubscribe-button = Unsubscribe
unsubscribed-title = You are unsubscribed
unsubscribed-text = { $site } no longer sends updates to { $address }.
unsubscribed-text-forgotten = { $site } no longer sends updates to this address.

index-title = What is new
index-text = The latest publications in one place. Follow all of them or a single topic.
index-choose = Choose a topic
index-newest = Latest publications
index-tags = Topics
index-all = All publications
index-empty = Nothing is published yet.
list-older = Older publications
list-also = also
list-more = More publications

follow = Stay up to date
follow-address = Address of the feed “{ $name }”
follow-what = What is a feed reader?
follow-what-text = It is an app that checks the sites you choose and shows what is new in one place. You need no account here and give no email address. Free ones are, for example, Thunderbird (computers), Feeder (Android) and NetNewsWire (iPhone, Mac).
feeds = More feeds and formats
feeds-text = Copy the address of the feed and paste it into a feed reader (RSS): new publications will turn up there by themselves.
feeds-list = List of all feeds (OPML)
feeds-list-in = List of feeds { mail-language } (OPML)
feed-note = This is a feed, made for feed readers (RSS). Copy its address from the address bar and paste it into a reader: new publications will turn up there by themselves.
feed-note-archive = This is the archive of a feed, made for feed readers (RSS): nothing new will be added here. The address of the feed itself:
feeds-in = Only { mail-language }

entry-published = Published
entry-updated = updated
entry-in = Also { mail-language }:
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
    [404] Page not found
    [410] This page is no longer here
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
error-feeds = Feeds of all publications, for feed readers (RSS):
error-home = What is new, and every feed there is
back = Back to { $site }
