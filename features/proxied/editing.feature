Feature: Editing users
  Attributes that the proxy sends cannot be edited on the server, and each sign-in updates them. Other
  attributes can be edited; Authorization.UserInfoEditableBy sets by which users. Each refused change is
  compared with one that was made; a server may also accept the request and leave the value as it is.

  Rule: Attributes that the proxy does not send can be edited by the users that UserInfoEditableBy names

    Scenario Outline: With UserInfoEditableBy <option>, the change of the <attribute> of "alice" by <who> is <expected>
      Given a server configured with:
        | Authorization.UserInfoEditableBy | <option> |
      And "alice" has signed in
      And "bob" has signed in
      When <who> changes the <attribute> of "alice" to "<value>"
      Then the change is <expected>

      Examples:
        | rule   | attribute  | value              | option       | who               | expected |
        | PA-185 | first name | Alicia             | (not set)    | the administrator | made     |
        | PA-186 | last name  | Adler              | (not set)    | the administrator | made     |
        | PA-187 | email      | alicia@example.org | (not set)    | the administrator | made     |
        | PA-191 | first name | Alicia             | (not set)    | "alice"           | made     |
        | PA-191 | last name  | Adler              | (not set)    | "alice"           | made     |
        | PA-191 | email      | alicia@example.org | (not set)    | "alice"           | made     |
        | PA-192 | first name | Alicia             | AdminAndSelf | "alice"           | made     |
        | PA-192 | last name  | Adler              | AdminAndSelf | "alice"           | made     |
        | PA-192 | email      | alicia@example.org | AdminAndSelf | "alice"           | made     |
        | PA-193 | first name | Alicia             | AdminAndSelf | the administrator | made     |
        | PA-193 | last name  | Adler              | AdminAndSelf | the administrator | made     |
        | PA-193 | email      | alicia@example.org | AdminAndSelf | the administrator | made     |
        | PA-194 | first name | Alicia             | AdminAndSelf | "bob"             | refused  |
        | PA-194 | last name  | Adler              | AdminAndSelf | "bob"             | refused  |
        | PA-194 | email      | alicia@example.org | AdminAndSelf | "bob"             | refused  |
        | PA-197 | first name | Alicia             | Admin        | the administrator | made     |
        | PA-197 | last name  | Adler              | Admin        | the administrator | made     |
        | PA-197 | email      | alicia@example.org | Admin        | the administrator | made     |
        | PA-196 | first name | Alicia             | Admin        | "alice"           | refused  |
        | PA-196 | last name  | Adler              | Admin        | "alice"           | refused  |
        | PA-196 | email      | alicia@example.org | Admin        | "alice"           | refused  |

    @PA-194
    Scenario: With UserInfoEditableBy = AdminAndSelf, a publisher cannot change the first name of another user
      Given a server configured with:
        | Authorization.UserInfoEditableBy | AdminAndSelf |
      And a publisher "paula"
      When "paula" changes the first name of "alice" to "Mallory"
      Then the change is refused

    @PA-196
    Scenario: With UserInfoEditableBy = Admin, a publisher cannot change their own first name
      Given a server configured with:
        | Authorization.UserInfoEditableBy | Admin |
      And a publisher "paula"
      When "paula" changes her first name to "Paola"
      Then the change is refused

    @PA-196
    Scenario: With UserInfoEditableBy = Admin, a user whom the administrator created cannot change their own first name
      Given a server configured with:
        | Authorization.UserInfoEditableBy | Admin |
        | ProxyAuth.RegisterOnFirstLogin   | false |
      And the administrator has created an account for "alice"
      And "alice" signs in
      When "alice" changes her first name to "Alicia"
      Then the change is refused

    @PA-195 @direct
    Scenario: A server starts with UserInfoEditableBy = Admin
      When a server is started with:
        | Authorization.UserInfoEditableBy | Admin |
      Then the server starts

  Rule: A username that is an identity cannot be edited

    Background:
      Given "alice" has signed in

    @PA-199
    Scenario: An administrator cannot change a username that is an identity
      Given the administrator has changed the first name of "alice" to "Alicia"
      When the administrator changes the username of "alice" to "alicia"
      Then the change is refused

    @PA-199
    Scenario: A user cannot change their own username if it is the identity
      Given "alice" has changed her first name to "Alicia"
      When "alice" changes her username to "alicia"
      Then the change is refused

  Rule: Attributes that the proxy sends cannot be edited

    Scenario Outline: Neither the user nor an administrator can change the <attribute> if the proxy sends it
      Given a server configured with:
        | ProxyAuth.FirstNameHeader | X-Auth-First-Name |
        | ProxyAuth.EmailHeader     | X-Auth-Email      |
      And "alice" has changed her last name to "Adler"
      When "alice" changes her <attribute> to "<value>"
      Then the change is refused
      Given the administrator has changed the last name of "alice" to "Adams"
      When the administrator changes the <attribute> of "alice" to "<value>"
      Then the change is refused

      Examples:
        | rule   | attribute  | value              |
        | PA-182 | first name | Alicia             |
        | PA-184 | email      | alicia@example.org |

    @PA-183
    Scenario: Neither the user nor an administrator can change the last name if the proxy sends it
      Given a server configured with:
        | ProxyAuth.LastNameHeader | X-Auth-Last-Name |
      And "alice" has changed her first name to "Alicia"
      When "alice" changes her last name to "Adler"
      Then the change is refused
      Given the administrator has changed the first name of "alice" to "Alix"
      When the administrator changes the last name of "alice" to "Adler"
      Then the change is refused

    @PA-190
    Scenario Outline: A sign-in updates the <attribute> to the value that the proxy sends
      Given a server configured with:
        | ProxyAuth.UniqueIdHeader  | X-Auth-Uniqueid  |
        | ProxyAuth.UsernameHeader  | X-Auth-Username  |
        | ProxyAuth.FirstNameHeader | X-Auth-Firstname |
        | ProxyAuth.LastNameHeader  | X-Auth-Lastname  |
        | ProxyAuth.EmailHeader     | X-Auth-Email     |
      And "alice" has signed in
      And "alice" has the <attribute> "<value>" at the proxy
      When "alice" signs in again
      Then the <attribute> of "alice" is "<value>"

      Examples:
        | attribute  | value              |
        | username   | alicia             |
        | first name | Alicia             |
        | last name  | Adler              |
        | email      | alicia@example.org |

  Rule: A username can be edited if the server generated it

    @PA-200
    Scenario: Neither the user nor an administrator can change a username that the proxy sends with a unique id
      Given a server configured with:
        | ProxyAuth.UniqueIdHeader | X-Auth-Uniqueid |
        | ProxyAuth.UsernameHeader | X-Auth-Username |
      And "alice" has changed her first name to "Alicia"
      When "alice" changes her username to "alicia"
      Then the change is refused
      Given the administrator has changed the first name of "alice" to "Alix"
      When the administrator changes the username of "alice" to "alix"
      Then the change is refused

    @PA-201
    Scenario: The user and an administrator can change a generated username
      Given a server configured with:
        | ProxyAuth.UniqueIdHeader | X-Auth-Uniqueid |
        | ProxyAuth.EmailHeader    | X-Auth-Email    |
      When "alice" changes her username to "alicia"
      Then the change is made
      When the administrator changes the username of "alice" to "alix"
      Then the change is made

  Rule: Viewers can manage neither other users nor groups

    Background:
      Given a group "engineers"
      And the administrator has added "alice" to the group "engineers"

    @SEC-042
    Scenario Outline: A viewer cannot <act>
      When "mallory" tries to <act>
      Then the request is refused

      Examples:
        | act                                                    |
        | create the group "testers"                             |
        | rename the group "engineers"                           |
        | remove the group "engineers"                           |
        | join the group "engineers"                             |
        | end the membership of "alice" in the group "engineers" |
        | create an account for "bob"                            |
        | lock "alice"                                           |
