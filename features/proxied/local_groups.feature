Feature: Locally managed groups
  A server can have groups of its own if the proxy sends none. Administrators create these groups and manage
  their members through the API, and groups behind the proxy do not affect them. With
  Authorization.UserGroups = false, the server has no groups.

  Rule: Groups can be used if the proxy sends none

    @PA-248 @PA-284
    Scenario: A member of a group can open content that the group may view, and another user cannot
      Given a publisher "paula"
      And "paula" has published python-api content "app"
      And a group "engineers"
      And the group "engineers" has Viewer permission on "app"
      When the administrator adds "alice" to the group "engineers"
      Then "alice" is a member of "engineers" (PA-248)
      And "alice" can open "app" (PA-284)
      And "bob" cannot open "app" (PA-284)

    @PA-287 @PA-293
    Scenario: By default, an administrator can create a group through the API
      When the administrator creates a group "engineers"
      Then there is a group "engineers" (PA-287)
      And there is a group "engineers" (PA-293)

    @PA-289
    Scenario: An administrator can add two users to a group and remove one of them through the API
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
    Scenario: A sign-in does not change the memberships of a user in local groups
      Given a group "engineers"
      And a group "managers"
      And the administrator has added "alice" to the group "engineers"
      When "alice" signs in again
      Then "alice" is a member of "engineers"
      And "alice" is not a member of "managers"

    @PA-285 @direct
    Scenario: Without GroupsHeader, a header X-Auth-Groups does not change the memberships of a user
      Given a group "engineers"
      And a group "managers"
      And the administrator has added "alice" to the group "managers"
      When "alice" signs in with the further header "X-Auth-Groups: <engineers>"
      Then "alice" is a member of "managers"
      And "alice" is not a member of "engineers"

  Rule: With UserGroups = false, the server has no groups

    @PA-291 @alone @direct
    Scenario Outline: With UserGroups = false, an administrator cannot <do something>
      Given a publisher "paula"
      And "paula" has published python-api content "app"
      And a group "engineers"
      And the administrator can <do something>
      When the server is restarted with:
        | Authorization.UserGroups | false |
      And the administrator tries to <do something>
      Then the request is refused

      Examples:
        | do something             |
        | create a group           |
        | read a group             |
        | let a group view content |

    @PA-291 @alone @direct
    Scenario Outline: With UserGroups = false, an attempt to <do something> is refused or shows nothing
      Given a group "engineers"
      And the administrator has added "alice" to the group "engineers"
      And the administrator can <do something>
      When the server is restarted with:
        | Authorization.UserGroups | false |
      And the administrator tries to <do something>
      Then the request is refused or shows nothing

      Examples:
        | do something                |
        | list the groups             |
        | list the members of a group |

    @PA-291 @alone @direct
    Scenario: With UserGroups = false, a member of a group cannot open content that the group may view
      Given a publisher "paula"
      And "paula" has published python-api content "app"
      And a group "engineers"
      And the group "engineers" has Viewer permission on "app"
      And the administrator has added "alice" to the group "engineers"
      And "alice" can open "app"
      When the server is restarted with:
        | Authorization.UserGroups | false |
      Then "alice" cannot open "app"

  Rule: Options about groups that have no effect are named in the log and do not prevent a start

    @PA-349 @direct
    Scenario: A server with GroupsHeader and UserGroups = false starts and names UserGroups in its log
      When a server is started with:
        | ProxyAuth.GroupsHeader | X-Auth-Groups |
      Then the server starts
      And the log does not say "UserGroups"
      When a server is started with:
        | ProxyAuth.GroupsHeader   | X-Auth-Groups |
        | Authorization.UserGroups | false         |
      Then the server starts
      And the log says "UserGroups"

    @PA-349 @direct
    Scenario: A server with UserRoleGroupMapping and without GroupsHeader starts and names the option in its log
      When a server is started with:
        | ProxyAuth.RoleHeader               | X-Auth-RSC-Role |
        | ProxyAuth.GroupsHeader             | X-Auth-Groups   |
        | Authorization.UserRoleGroupMapping | true            |
        | Authorization.PublisherRoleMapping | "Developers"    |
      Then the server starts
      And the log does not say "UserRoleGroupMapping"
      When a server is started with:
        | Authorization.UserRoleGroupMapping | true         |
        | Authorization.PublisherRoleMapping | "Developers" |
      Then the server starts
      And the log says "UserRoleGroupMapping"

    @PA-349 @alone
    Scenario: Without GroupsHeader, UserRoleGroupMapping does not change the role of a user at a sign-in
      Given "alice" has signed in
      And the administrator has changed the role of "alice" to "publisher"
      When the server is restarted with:
        | Authorization.UserRoleGroupMapping | true         |
        | Authorization.PublisherRoleMapping | "Developers" |
      Then the server starts
      When "alice" signs in again
      Then the role of "alice" is "publisher"
