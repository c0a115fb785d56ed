Feature: Locally managed groups
  A server can have groups of its own although the proxy sends none. They are made and filled on the
  server, and what is called the same behind the proxy is something else.

  Rule: Groups need no support from the proxy

    @PA-248 @PA-284
    Scenario: Members of a group see its content
      Given a publisher "paula"
      And "paula" has published python-api content "app"
      And a group "engineers"
      And the group "engineers" may view "app"
      When the administrator adds "alice" to the group "engineers"
      Then "alice" is a member of "engineers" (PA-248)
      And "alice" can open "app" (PA-284)
      And "bob" cannot open "app" (PA-284)

    @PA-287 @PA-293
    Scenario: A group is made through the API
      When the administrator creates a group "engineers"
      Then there is a group "engineers" (PA-287)
      And there is a group "engineers" (PA-293)

    @PA-289
    Scenario: Members come and go through the API
      Given a group "engineers"
      And "alice" has signed in
      And "bob" has signed in
      When the administrator adds "alice" to the group "engineers"
      And the administrator adds "bob" to the group "engineers"
      Then "alice" is a member of "engineers"
      And "bob" is a member of "engineers"
      When the administrator takes "alice" out of the group "engineers"
      Then "bob" is a member of "engineers"
      And "alice" is not a member of "engineers"

    @PA-290
    Scenario: Signing in changes no membership
      Given a group "engineers"
      And a group "managers"
      And the administrator adds "alice" to the group "engineers"
      When "alice" signs in again
      Then "alice" is a member of "engineers"
      And "alice" is not a member of "managers"

    @PA-285 @direct
    Scenario: Groups behind the proxy are other groups
      Given a group "engineers"
      And a group "managers"
      And the administrator adds "alice" to the group "managers"
      When "alice" signs in with the further header "X-Auth-Groups: <engineers>"
      Then "alice" is a member of "managers"
      And "alice" is not a member of "engineers"

  Rule: There need be no groups at all

    @PA-291 @alone @direct
    Scenario Outline: Without groups nobody can <do something>
      Given a publisher "paula"
      And "paula" has published python-api content "app"
      And a group "engineers"
      And the administrator can <do something>
      When it is restarted with:
        | Authorization.UserGroups | false |
      And the administrator tries to <do something>
      Then the call is refused

      Examples:
        | do something             |
        | create a group           |
        | read a group             |
        | let a group view content |

    @PA-291 @alone @direct
    Scenario Outline: Without groups nobody finds any to <do something>
      Given a group "engineers"
      And the administrator adds "alice" to the group "engineers"
      And the administrator can <do something>
      When it is restarted with:
        | Authorization.UserGroups | false |
      And the administrator tries to <do something>
      Then the call is refused or shows nothing

      Examples:
        | do something                |
        | list the groups             |
        | list the members of a group |

    @PA-291 @alone @direct
    Scenario: Without groups membership opens no content
      Given a publisher "paula"
      And "paula" has published python-api content "app"
      And a group "engineers"
      And the group "engineers" may view "app"
      And the administrator adds "alice" to the group "engineers"
      And "alice" can open "app"
      When it is restarted with:
        | Authorization.UserGroups | false |
      Then "alice" cannot open "app"

  Rule: An option without effect is named in a warning

    @PA-349 @direct
    Scenario: Switching groups off is named where groups are sent
      When a server is started with:
        | ProxyAuth.GroupsHeader | X-Auth-Groups |
      Then it starts
      And the log does not say "UserGroups"
      When a server is started with:
        | ProxyAuth.GroupsHeader   | X-Auth-Groups |
        | Authorization.UserGroups | false         |
      Then it starts
      And the log says "UserGroups"

    @PA-349 @direct
    Scenario: A mapping of groups is named where no groups are sent
      When a server is started with:
        | ProxyAuth.RoleHeader               | X-Auth-RSC-Role |
        | ProxyAuth.GroupsHeader             | X-Auth-Groups   |
        | Authorization.UserRoleGroupMapping | true            |
        | Authorization.PublisherRoleMapping | "Developers"    |
      Then it starts
      And the log does not say "UserRoleGroupMapping"
      When a server is started with:
        | Authorization.UserRoleGroupMapping | true         |
        | Authorization.PublisherRoleMapping | "Developers" |
      Then it starts
      And the log says "UserRoleGroupMapping"

    @PA-349 @alone
    Scenario: A mapping of groups changes no role where no groups are sent
      Given "alice" has signed in
      And the administrator has changed the role of "alice" to "publisher"
      When it is restarted with:
        | Authorization.UserRoleGroupMapping | true         |
        | Authorization.PublisherRoleMapping | "Developers" |
      Then it starts
      When "alice" signs in again
      Then the role of "alice" is "publisher"
