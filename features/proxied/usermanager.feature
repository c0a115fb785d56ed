Feature: The usermanager tool
  usermanager changes users and groups where neither the dashboard nor the API can. An administrator runs
  it while the server is stopped, for example before or after a migration.

  Rule: usermanager changes unique ids and usernames

    @PA-164 @alone @direct
    Scenario: After usermanager sets the unique id that the proxy sends, the user signs in to the same account
      Given "alice" has signed in
      And "bob" has signed in
      When usermanager changes the unique id of "alice" to "staff-17"
      Then usermanager succeeds
      When usermanager changes the username of "alice" to "alicia"
      Then usermanager succeeds
      When the server is restarted with:
        | ProxyAuth.UniqueIdHeader | X-Auth-Uniqueid |
        | ProxyAuth.UsernameHeader | X-Auth-Username |
      And "alice" has the unique id "staff-17" at the proxy
      And "alice" has the username "alison" at the proxy
      And "alice" signs in again
      Then "alice" has the same account as before
      And "alice" has another account than "bob"

    @PA-181 @alone @direct
    Scenario: usermanager changes the username of one of two users who have the same username
      Given a server configured with:
        | ProxyAuth.UniqueIdHeader | X-Auth-Uniqueid |
        | ProxyAuth.UsernameHeader | X-Auth-Username |
      And "alice" has the username "sam" at the proxy
      And "bob" has the username "sam" at the proxy
      And "alice" has signed in
      And "bob" has signed in
      And two accounts have the username of "alice"
      When usermanager changes the username of "bob" to "sammy"
      Then usermanager succeeds
      And the username of "bob" is "sammy"
      And the username of "alice" is "sam"
      And one account has the username of "alice"

  Rule: usermanager can change attributes that cannot be edited

    @PA-189 @alone @direct
    Scenario Outline: usermanager changes the <attribute> of a user although a header is configured for it
      Given a server configured with:
        | ProxyAuth.FirstNameHeader | X-Auth-First-Name |
        | ProxyAuth.LastNameHeader  | X-Auth-Last-Name  |
        | ProxyAuth.EmailHeader     | X-Auth-Email      |
      And "alice" has signed in
      When usermanager changes the <attribute> of "alice" to "<value>"
      Then usermanager succeeds
      And the <attribute> of "alice" is "<value>"

      Examples:
        | attribute  | value             |
        | first name | Alison            |
        | last name  | Smith             |
        | email      | alice@example.org |

    @PA-190 @alone @direct
    Scenario Outline: After usermanager changes the <attribute>, the next sign-in restores the <attribute> that the proxy sends
      Given a server configured with:
        | ProxyAuth.FirstNameHeader | X-Auth-First-Name |
        | ProxyAuth.LastNameHeader  | X-Auth-Last-Name  |
        | ProxyAuth.EmailHeader     | X-Auth-Email      |
      And "alice" has the <attribute> "<sent>" at the proxy
      And "alice" has signed in
      And usermanager has changed the <attribute> of "alice" to "<value>"
      When "alice" signs in again
      Then the <attribute> of "alice" is "<sent>"

      Examples:
        | attribute  | sent              | value              |
        | first name | Alice             | Alison             |
        | last name  | Adler             | Smith              |
        | email      | alice@example.org | alison@example.org |

  Rule: usermanager deletes groups and changes their owners

    @PA-271 @alone @direct
    Scenario: usermanager deletes a group that its only member has left, and another group remains
      Given a server configured with:
        | ProxyAuth.GroupsHeader        | X-Auth-Groups |
        | ProxyAuth.GroupsAutoProvision | true          |
      And "alice" is in the groups "engineers, managers" at the proxy
      And "alice" has signed in
      And "alice" is in the groups "managers" at the proxy
      And "alice" signs in again
      And there is a group "engineers"
      When usermanager deletes the group "engineers"
      Then usermanager succeeds
      And there is no group "engineers"
      And there is a group "managers"

    @PA-279 @alone @direct
    Scenario: usermanager gives a provisioned group an owner, and the log no longer warns of groups
      Given a server configured with:
        | ProxyAuth.GroupsHeader | X-Auth-Groups |
      And the server has been restarted with:
        | ProxyAuth.GroupsHeader        | X-Auth-Groups |
        | ProxyAuth.GroupsAutoProvision | true          |
      And "alice" is in the groups "engineers" at the proxy
      And "alice" has signed in
      And the group "engineers" has no owner
      And the server has been restarted with:
        | ProxyAuth.GroupsHeader | X-Auth-Groups |
      And the log warns of "group"
      When usermanager makes "alice" the owner of the group "engineers"
      Then usermanager succeeds
      And the server starts
      And the log no longer warns of "group"
      And the owner of the group "engineers" is "alice"

    @PA-280 @alone @direct
    Scenario: usermanager removes the owner of a group, and the log no longer warns of groups
      Given a server configured with:
        | ProxyAuth.GroupsHeader        | X-Auth-Groups |
        | ProxyAuth.GroupsAutoProvision | true          |
      And the server has been restarted with:
        | ProxyAuth.GroupsHeader | X-Auth-Groups |
      And a group "engineers"
      And the owner of the group "engineers" is the administrator
      And the server has been restarted with:
        | ProxyAuth.GroupsHeader        | X-Auth-Groups |
        | ProxyAuth.GroupsAutoProvision | true          |
      And the log warns of "group"
      When usermanager drops the owner of the group "engineers"
      Then usermanager succeeds
      And the server starts
      And the log no longer warns of "group"
      And the group "engineers" has no owner

  Rule: usermanager makes groups usable after GroupsByUniqueId has changed

    @PA-319 @alone @direct
    Scenario: After GroupsByUniqueId is enabled and usermanager normalizes groups, a group keeps its access to content
      Given a server configured with:
        | ProxyAuth.GroupsHeader | X-Auth-Groups |
      And a group "engineers"
      And a publisher "paula"
      And "paula" has published python-api content "app"
      And the group "engineers" has Viewer permission on "app"
      When the server is restarted with:
        | ProxyAuth.GroupsHeader     | X-Auth-Groups |
        | ProxyAuth.GroupsByUniqueId | true          |
      And usermanager normalizes the groups
      Then usermanager succeeds
      And the group "engineers" is on the access list of "app"
      When "alice" is in the groups "engineers" at the proxy
      And "alice" signs in
      And "bob" signs in
      Then "alice" is a member of "engineers"
      And "alice" can open "app"
      And "bob" is not a member of "engineers"
      And "bob" cannot open "app"

    @PA-320 @alone @direct
    Scenario: After GroupsByUniqueId is disabled and usermanager normalizes groups, a user joins a group by its name
      Given a server configured with:
        | ProxyAuth.GroupsHeader     | X-Auth-Groups |
        | ProxyAuth.GroupsByUniqueId | true          |
      And a group "engineers" with the unique id "g-17"
      And a group "managers" with the unique id "g-18"
      When the server is restarted with:
        | ProxyAuth.GroupsHeader | X-Auth-Groups |
      And usermanager normalizes the groups
      Then usermanager succeeds
      When "alice" is in the groups "engineers" at the proxy
      And "alice" signs in
      Then "alice" is a member of "g-17"
      And "alice" is not a member of "g-18"

  Rule: A usermanager command that fails changes nothing

    @SEC-021 @alone @direct
    Scenario Outline: usermanager fails to change the <attribute> to <value> and keeps the old value
      Given "alice" has signed in
      And "bob" has signed in
      And usermanager has changed the <attribute> of "bob" to "<other>"
      When usermanager changes the <attribute> of "bob" to <value>
      Then usermanager fails
      And the <attribute> of "bob" is "<other>"

      Examples:
        | attribute | other     | value             |
        | username  | rob       | exactly "content" |
        | username  | rob       | "alice"           |
        | role      | publisher | "root"            |

    @SEC-021 @alone @direct
    Scenario: usermanager fails to set a unique id that another user has, and the user keeps the account
      Given a server configured with:
        | ProxyAuth.UniqueIdHeader | X-Auth-Uniqueid |
        | ProxyAuth.UsernameHeader | X-Auth-Username |
      And "alice" has the unique id "staff-17" at the proxy
      And "alice" has signed in
      And "bob" has signed in
      And usermanager has changed the unique id of "bob" to "staff-18"
      And "bob" has the unique id "staff-18" at the proxy
      When usermanager changes the unique id of "bob" to "staff-17"
      Then usermanager fails
      When "bob" signs in again
      Then "bob" has the same account as before
